// Command counter is a contract that counts up to a limit, and gives what it holds to who counts to the limit.
package main

import "github.com/thinkey/thinkey/sdk/guest"

// Tally is the state.
type Tally struct {
	Limit, Value uint64
}

// StartInput is the first message's.
type StartInput struct{ Limit uint64 }

// CountInput says by how much.
type CountInput struct{ By uint64 }

// Count is what other contracts call.
const Count guest.Method[CountInput] = "count"

// Reached tells who counted to the limit.
const Reached guest.Event[ReachedBody] = "reached"

// ReachedBody names the winner.
type ReachedBody struct{ Who guest.Address }

func (t *Tally) start(_ guest.Context, in StartInput) error {
	t.Limit = in.Limit
	return nil
}

func (t *Tally) count(ctx guest.Context, in CountInput) error {
	if t.Value+in.By > t.Limit {
		return guest.Refuse("%v and %v are more than %v", t.Value, in.By, t.Limit)
	}
	if t.Value += in.By; t.Value == t.Limit {
		Reached.Emit(ctx, ReachedBody{ctx.Sender()})
		ctx.Send(guest.Pay(ctx.Sender(), ctx.Balance()))
	}
	return nil
}

func (t *Tally) value(guest.View, guest.None) (uint64, error) { return t.Value, nil }

func init() {
	guest.Serve[Tally](
		guest.Init((*Tally).start),
		guest.Handle(Count, (*Tally).count),
		guest.Query("value", (*Tally).value),
		guest.Emits(Reached),
	)
}

func main() {}
