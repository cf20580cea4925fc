package exec

import (
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// ExternalGas is what the external message m costs at the least: a lower gas limit is refused at the door.
func ExternalGas(m *chain.Message) uint64 {
	return gas.External + gas.Handling + chain.GasPerByte*externalBytes(m)
}

// externalBytes is what m adds to a block as an input; its event is part of gas.Handling. A message not signed yet counts
// as it will be: its gas limit is part of what is signed, so who sets it must get the same answer as who admits it.
func externalBytes(m *chain.Message) uint64 {
	const fixed = 4 + 2 + 32 + 2*chain.AddressSize + 16 + 16 + 16 + chain.AddressSize + 1 + 4 + 4 + 4
	return uint64(fixed + len(m.Method) + len(m.Input) + max(len(m.Proof), chain.SignedBytes))
}

// SendGas is what it costs to send s, beside the gas that s takes with it.
func SendGas(s *chain.Sent) uint64 { return gas.Send + chain.GasPerByte*uint64(s.Size()) }

// TransferGas is a gas limit that suffices for the external message m if it is a transfer, whatever it finds.
func TransferGas(m *chain.Message) uint64 {
	return ExternalGas(m) + SendGas(&chain.Sent{Method: chain.MethodAdd}) + gas.Add + gas.Bounce
}

// PublicationGas is what the external message m costs that publishes in, if its complexity is that.
func PublicationGas(m *chain.Message, in chain.PublishInput, complexity uint64) uint64 {
	return ExternalGas(m) + gas.PublishByte*uint64(len(in.Code)) + gas.PublishComplexity*complexity
}

// leastGas is the lowest gas limit with which method may be sent.
func leastGas(method string) uint64 {
	if method == chain.MethodAdd {
		return gas.Add
	}
	return gas.Handling
}
