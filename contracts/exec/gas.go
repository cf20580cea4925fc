package exec

import "github.com/thinkey/thinkey/sdk/chain"

// The gas table: a unit is about a nanosecond of one core (SPEC 3.4). Two things beside time are priced: the bytes that a
// message puts into a block (chain.GasPerByte), and room in the state (deposits).
const (
	// GasExternal is what an external message costs before it is handled: decoding, its signature, its place in the roots.
	GasExternal = 20_000
	// GasHandling is what any handling costs: the account's actor, σ, the receipt, the leaf in the state tree.
	GasHandling = 5_000
	// GasSend is what a relay costs its sender beside its bytes.
	GasSend = 2_000
	// GasNewAccount is what an account costs that was not there: a leaf more, for good.
	GasNewAccount = 5_000
	// GasRead and GasReadByte are what reading an entry of storage costs, GasWrite and GasWriteByte writing one: its leaf in
	// the state tree, and its bytes to disk as those of a block. The room it then takes is the deposit's.
	GasRead      = 3_000
	GasReadByte  = 1
	GasWrite     = 10_000
	GasWriteByte = chain.GasPerByte
	// GasEvent is what an event costs beside its bytes.
	GasEvent = 1_000
	// AddGas is the gas limit of an add, and enough for it always (E4).
	AddGas = GasHandling + GasNewAccount
	// BounceGas is bought with every relay for the bounce it may need: the largest bounce's bytes (about 1.5 KiB), its
	// handling, and about half of it for a hook (SPEC 1.3).
	BounceGas = 120_000
)

// ExternalGas is what the external message m costs at the least: a lower gas limit is refused at the door.
func ExternalGas(m *chain.Message) uint64 {
	return GasExternal + GasHandling + chain.GasPerByte*externalBytes(m)
}

// externalBytes is what m adds to a block as an input; its event is part of GasHandling. A message not signed yet counts
// as it will be: its gas limit is part of what is signed, so who sets it must get the same answer as who admits it.
func externalBytes(m *chain.Message) uint64 {
	const fixed = 4 + 2 + 32 + 2*chain.AddressSize + 16 + 16 + 16 + chain.AddressSize + 1 + 4 + 4 + 4
	return uint64(fixed + len(m.Method) + len(m.Input) + max(len(m.Proof), chain.SignedBytes))
}

// SendGas is what it costs to send s, beside the gas that s takes with it.
func SendGas(s *chain.Sent) uint64 { return GasSend + chain.GasPerByte*uint64(s.Size()) }

// TransferGas is a gas limit that suffices for the external message m if it is a transfer, whatever it finds.
func TransferGas(m *chain.Message) uint64 {
	return ExternalGas(m) + SendGas(&chain.Sent{Method: chain.MethodAdd}) + AddGas + BounceGas
}

// leastGas is the lowest gas limit with which method may be sent.
func leastGas(method string) uint64 {
	if method == chain.MethodAdd {
		return AddGas
	}
	return GasHandling
}
