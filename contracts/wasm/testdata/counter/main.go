// Command counter is the smallest contract that does something of everything that most contracts do.
package main

import "github.com/thinkey/thinkey/sdk/guest"

// Counter is the state.
type Counter struct {
	Owner guest.Address
	Value uint64
}

// StartInput is the first message's.
type StartInput struct{ Value uint64 }

// IncreaseInput is what Increase takes.
type IncreaseInput struct{ By uint64 }

// Increase is what other contracts call.
const Increase guest.Method[IncreaseInput] = "increase"

// Changed is told after every change.
const Changed guest.Event[ChangedBody] = "changed"

// ChangedBody says to what.
type ChangedBody struct {
	Who   guest.Address
	Value uint64
}

var byAccount = guest.NewMap[guest.Address, uint64]("by")

// Start is the account's first message.
func (c *Counter) Start(ctx guest.Context, in StartInput) error {
	c.Owner, c.Value = ctx.Sender(), in.Value
	return nil
}

// Increase adds to the value and notes who did.
func (c *Counter) Increase(ctx guest.Context, in IncreaseInput) error {
	if in.By > 100 {
		return guest.Refuse("increase by %d: at most 100", in.By)
	}
	c.Value += in.By
	byAccount.Set(ctx, ctx.Sender(), byAccount.At(ctx, ctx.Sender())+in.By)
	Changed.Emit(ctx, ChangedBody{ctx.Sender(), c.Value})
	return nil
}

// Forward increases another counter.
func (c *Counter) Forward(ctx guest.Context, in ForwardInput) error {
	ctx.Send(Increase.To(in.To, IncreaseInput{in.By}).Carrying(ctx.Amount()).WithGas(150_000))
	return nil
}

// ForwardInput is what Forward takes.
type ForwardInput struct {
	To guest.Address
	By uint64
}

// OnBounce counts down again.
func (c *Counter) OnBounce(ctx guest.Context, b guest.Bounce) error {
	ctx.Logf("%s failed: %s", b.Method, b.Reason)
	c.Value--
	return nil
}

// Get is the value.
func (c *Counter) Get(guest.View, guest.None) (uint64, error) { return c.Value, nil }

// Fail shows what becomes of a panic.
func (c *Counter) Fail(guest.Context, guest.None) error {
	var none []int
	c.Value = uint64(none[c.Value])
	return nil
}

func init() {
	guest.Serve[Counter](
		guest.Init((*Counter).Start),
		guest.Handle(Increase, (*Counter).Increase, guest.Mergeable(func(a, b IncreaseInput) IncreaseInput {
			return IncreaseInput{a.By + b.By}
		})),
		guest.Handle("forward", (*Counter).Forward),
		guest.Handle("fail", (*Counter).Fail, guest.Doc("always fails")),
		guest.Query("get", (*Counter).Get),
		guest.Bounced((*Counter).OnBounce),
		guest.Emits(Changed),
	)
}

func main() {}
