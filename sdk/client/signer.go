package client

import (
	"context"
	"fmt"
	"math"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Signer makes messages of one account. It asks the node for what it isn't told: network, nonce, gas price, height.
type Signer struct {
	client *Client
	key    keys.PrivateKey
}

// NewSigner signs with key what c's node will be given.
func NewSigner(c *Client, key keys.PrivateKey) *Signer { return &Signer{c, key} }

// Address is that of the key's account on the node's chain.
func (s *Signer) Address(ctx context.Context) (chain.Address, error) {
	terms, err := s.client.Terms(ctx)
	if err != nil {
		return chain.Address{}, err
	}
	return chain.KeyAddress(terms.Chain, s.key.Public()), nil
}

// validFor is how many blocks a message may wait unless it says otherwise: minutes on any pace, so that a lost message
// can't come back tomorrow.
const validFor = 1000

// CallOption sets what a Signer would choose by itself.
type CallOption func(*choices)

type choices struct {
	nonce, validUntil, gasLimit, gasPrice *uint64
}

// WithNonce sets the nonce; else it is the one behind the account's waiting messages.
func WithNonce(n uint64) CallOption { return func(c *choices) { c.nonce = &n } }

// WithValidUntil sets the last height of a block that may hold the message; else it is 1000 blocks from now.
func WithValidUntil(height uint64) CallOption { return func(c *choices) { c.validUntil = &height } }

// WithGasLimit sets the gas limit; else it is what the message needs at the most.
func WithGasLimit(gas uint64) CallOption { return func(c *choices) { c.gasLimit = &gas } }

// WithGasPrice sets the price of a unit of gas; else it is the chain's least.
func WithGasPrice(price uint64) CallOption { return func(c *choices) { c.gasPrice = &price } }

// Transfer is a signed message that sends amount to another account.
func (s *Signer) Transfer(ctx context.Context, to chain.Address, amount chain.Amount, options ...CallOption) (*chain.Message, error) {
	m := &chain.Message{Method: chain.MethodTransfer, Input: chain.TransferInput{To: to}.Encode(), Amount: amount}
	return s.sign(ctx, m, Gas.Transfer, options)
}

// Call is a signed message that makes the account send what in describes, with amount.
func (s *Signer) Call(ctx context.Context, in chain.CallInput, amount chain.Amount, options ...CallOption) (*chain.Message, error) {
	m := &chain.Message{Method: chain.MethodCall, Input: in.Encode(), Amount: amount}
	return s.sign(ctx, m, func(g Gas) uint64 { return g.Call(in) }, options)
}

// Publish is a signed message that publishes code.
func (s *Signer) Publish(ctx context.Context, in chain.PublishInput, options ...CallOption) (*chain.Message, error) {
	m := &chain.Message{Method: chain.MethodPublish, Input: in.Encode()}
	return s.sign(ctx, m, func(g Gas) uint64 { return g.Publish(in) }, options)
}

// Deploy is a signed message that makes an account with code and gives it amount. The account's address is
// chain.MadeAddress of the signer's, in.Salt and in.Code.
func (s *Signer) Deploy(ctx context.Context, in chain.DeployInput, amount chain.Amount, options ...CallOption) (*chain.Message, error) {
	m := &chain.Message{Method: chain.MethodDeploy, Input: in.Encode(), Amount: amount}
	return s.sign(ctx, m, func(g Gas) uint64 { return g.Deploy(in) }, options)
}

// SetCode is a signed message that gives the signer's account code; the zero hash takes it away.
func (s *Signer) SetCode(ctx context.Context, code chain.CodeHash, options ...CallOption) (*chain.Message, error) {
	m := &chain.Message{Method: chain.MethodSetCode, Input: chain.SetCodeInput{Code: code}.Encode()}
	return s.sign(ctx, m, func(g Gas) uint64 { return g.Least(m.Method, m.Input) }, options)
}

// Message is a signed external message with any method; its gas limit is the least unless it is set.
func (s *Signer) Message(ctx context.Context, method string, input []byte, options ...CallOption) (*chain.Message, error) {
	m := &chain.Message{Method: method, Input: input}
	return s.sign(ctx, m, func(g Gas) uint64 { return g.Least(method, input) }, options)
}

// sign fills in what m doesn't say, and signs it.
func (s *Signer) sign(ctx context.Context, m *chain.Message, gas func(Gas) uint64, options []CallOption) (*chain.Message, error) {
	if err := checkSizes(m); err != nil {
		return nil, err
	}
	var c choices
	for _, o := range options {
		o(&c)
	}
	terms, err := s.client.Terms(ctx)
	if err != nil {
		return nil, err
	}
	from := chain.KeyAddress(terms.Chain, s.key.Public())
	if c.nonce == nil || c.validUntil == nil {
		a, err := s.client.Account(ctx, from)
		if err != nil {
			return nil, err
		}
		until := a.Height + min(validFor, math.MaxUint64-a.Height)
		c.nonce, c.validUntil = or(c.nonce, a.NextNonce), or(c.validUntil, until)
	}
	m.Network, m.Kind, m.From, m.To, m.Payer = terms.Network, chain.External, from, from, from
	m.Nonce, m.ValidUntil = *c.nonce, *c.validUntil
	m.GasLimit, m.GasPrice = *or(c.gasLimit, gas(terms.Gas)), *or(c.gasPrice, terms.Params.MinGasPrice)
	return m.Sign(s.key), nil
}

// or is what was chosen, or v.
func or(chosen *uint64, v uint64) *uint64 {
	if chosen != nil {
		return chosen
	}
	return &v
}

// checkSizes refuses what can't be encoded.
func checkSizes(m *chain.Message) error {
	if len(m.Method) == 0 || len(m.Method) > chain.MaxMethodBytes {
		return fmt.Errorf("method %.80q: its name must have 1 to %d bytes", m.Method, chain.MaxMethodBytes)
	}
	limit := chain.MaxInputBytes
	if m.Method == chain.MethodPublish {
		limit = len(chain.PublishInput{}.Encode()) + chain.MaxCodeBytes
	}
	if len(m.Input) > limit {
		return fmt.Errorf("input of %d bytes: at most %d are allowed", len(m.Input), limit)
	}
	return nil
}
