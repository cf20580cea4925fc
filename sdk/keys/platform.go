package keys

// A platform of 32 bits does not compile: there the BLS library panics on the scalars it is given.
const _ = uint(^uint(0)>>63 - 1)
