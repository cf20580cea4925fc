package client

import "github.com/thinkey/thinkey/sdk/chain"

// Gas is what a node says of its chain's gas table: enough to compute exactly what a message needs.
type Gas struct {
	External uint64 `json:"external"` // a signed external message with no method and no input
	Send     uint64 `json:"send"`     // a relay with no method and no input, for its sender
	PerByte  uint64 `json:"per_byte"` // of method and input, in either
	Handling uint64 `json:"handling"` // any handling
	Add      uint64 `json:"add"`      // gas limit of an add
	Bounce   uint64 `json:"bounce"`   // reserve that is bought with every relay; it comes back if nothing fails
	Most     uint64 `json:"most"`     // no message may have a higher gas limit
	// PublishByte is added per byte of code that is published, and PublishComplexity per unit of its complexity, of which it
	// may have MaxComplexity.
	PublishByte       uint64 `json:"publish_byte"`
	PublishComplexity uint64 `json:"publish_complexity"`
	MaxComplexity     uint64 `json:"max_complexity"`
}

// Least is what the external message with method and input must have at the least.
func (g Gas) Least(method string, input []byte) uint64 {
	return g.External + g.PerByte*uint64(len(method)+len(input))
}

// Transfer is a gas limit that suffices for a transfer, whatever it finds.
func (g Gas) Transfer() uint64 {
	input := chain.TransferInput{}.Encode()
	return g.Least(chain.MethodTransfer, input) + g.sending(chain.MethodAdd, nil, g.Add)
}

// Call is a gas limit that suffices for the signer's account to send what in describes, with the gas that in gives it.
func (g Gas) Call(in chain.CallInput) uint64 {
	return g.Least(chain.MethodCall, in.Encode()) + g.sending(in.Method, in.Input, in.GasLimit)
}

// Publish is a gas limit that suffices for publishing code, if any does.
func (g Gas) Publish(in chain.PublishInput) uint64 {
	return min(g.Most, g.PublishExactly(in, g.MaxComplexity))
}

// PublishExactly is what publishing code of that complexity uses, which is what validating it tells.
func (g Gas) PublishExactly(in chain.PublishInput, complexity uint64) uint64 {
	return g.Least(chain.MethodPublish, in.Encode()) + g.PublishByte*uint64(len(in.Code)) + g.PublishComplexity*complexity
}

// Deploy is a gas limit that suffices for the signer's account to deploy what in describes.
func (g Gas) Deploy(in chain.DeployInput) uint64 {
	first := chain.InitInput{Code: in.Code, Salt: in.Salt, Input: in.Input}.Encode()
	return g.Least(chain.MethodDeploy, in.Encode()) + g.sending(chain.MethodInit, first, in.GasLimit)
}

// sending is what a handling must have to send a relay with this gas limit.
func (g Gas) sending(method string, input []byte, limit uint64) uint64 {
	return g.Send + g.PerByte*uint64(len(method)+len(input)) + limit + g.Bounce
}
