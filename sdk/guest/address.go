package guest

import "encoding/binary"

// Address names an account: its chain (4 bytes, big-endian) and a hash of 20. The zero Address names none.
type Address [24]byte

// Chain is the number of the chain that the account was created on.
func (a Address) Chain() uint32 { return binary.BigEndian.Uint32(a[:4]) }

// IsZero says whether a names no account.
func (a Address) IsZero() bool { return a == Address{} }

// String is the text form: tk1….
func (a Address) String() string { return bech32m("tk", a[:]) }

// Hash is a hash of 32 bytes: of code, a message, a network.
type Hash [32]byte

// IsZero says whether h is the zero hash.
func (h Hash) IsZero() bool { return h == Hash{} }

// String is h in hexadecimal.
func (h Hash) String() string { return string(appendHex(nil, h[:])) }

func appendHex(b, v []byte) []byte {
	const digits = "0123456789abcdef"
	for _, x := range v {
		b = append(b, digits[x>>4], digits[x&15])
	}
	return b
}

// bech32m writes payload in letters of five bits with a checksum of six (BIP-350).
func bech32m(prefix string, payload []byte) string {
	const letters, mask = "qpzry9x8gf2tvdw0s3jn54khce6mua7l", 0x2bc830a3
	sum := uint32(1)
	for _, c := range []byte(prefix) {
		sum = bech32mStep(sum, c>>5)
	}
	sum = bech32mStep(sum, 0)
	for _, c := range []byte(prefix) {
		sum = bech32mStep(sum, c&31)
	}
	out := append(append(make([]byte, 0, 64), prefix...), '1')
	put := func(v byte) {
		sum = bech32mStep(sum, v)
		out = append(out, letters[v])
	}
	var bits, held uint32
	for _, v := range payload {
		bits = bits<<8 | uint32(v)
		for held += 8; held >= 5; held -= 5 {
			put(byte(bits >> (held - 5) & 31))
		}
	}
	if held > 0 {
		put(byte(bits << (5 - held) & 31))
	}
	for range 6 {
		sum = bech32mStep(sum, 0)
	}
	sum ^= mask
	for i := range 6 {
		out = append(out, letters[sum>>(5*(5-i))&31])
	}
	return string(out)
}

func bech32mStep(sum uint32, v byte) uint32 {
	top := sum >> 25
	sum = sum&0x1ffffff<<5 ^ uint32(v)
	for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			sum ^= g
		}
	}
	return sum
}

// Made is the address of the account that creator makes with salt and code on a chain, whether it is there or not (SPEC 1.2).
// A message from it was sent by that code, until the code replaces itself.
func Made(chain uint32, creator Address, salt, code Hash) (a Address) {
	const tagMade = 4 // of package wire
	b := make([]byte, 0, 1+len(creator)+len(salt)+len(code))
	h := SHA256(append(append(append(append(b, tagMade), creator[:]...), salt[:]...), code[:]...))
	binary.BigEndian.PutUint32(a[:4], chain)
	copy(a[4:], h[:])
	return a
}
