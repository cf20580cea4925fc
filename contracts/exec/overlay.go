package exec

import (
	"bytes"
	"cmp"
	"iter"
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Delivery is a message on its way to its handling in one block. Number is its place among the block's messages, known when
// the block is put together.
type Delivery struct {
	Message *chain.Message
	Number  uint32
}

// Handled is one event of σ_i with all that came of it. Sent are the deliveries of Outcome.Sent, in its order, once
// somebody made them.
type Handled struct {
	Received *Delivery
	// Joined says that it was handled as one with the event before.
	Joined  bool
	Outcome Outcome
	Sent    []*Delivery
}

// Overlay is one account inside one open block: its record before, its record and storage now, and σ_i so far. The live
// account and the replaying verifier both use it, so that neither can do what the other doesn't (DESIGN D2, D17).
type Overlay struct {
	Account chain.Address
	Before  chain.Account
	Now     chain.Account
	Events  []Handled
	Loads   Loads

	below  Entries // the storage before the block
	writes map[string]write
	keys   keys // of writes
}

// write is an entry of the account's storage before the block and now; nil stands for none.
type write struct{ before, after []byte }

// NewOverlay opens a block for the account, whose record before is given. Its storage before is read from below.
func NewOverlay(account chain.Address, before chain.Account, below Entries) *Overlay {
	return &Overlay{Account: account, Before: before, Now: before, Loads: Loads{Had: before.Code}, below: below}
}

// place is the account as the next message finds it.
func (o *Overlay) place(c *Context, loads *Loads) place { return place{c, o.Account, o.Now, o, loads} }

// Handle applies one message and records it. A Refusal says that an external message can't be an input here; nothing has
// happened then. An error is the state's.
func (o *Overlay) Handle(c *Context, d *Delivery) (*Handled, *Refusal, error) {
	if d.Message.Kind == chain.External {
		if refusal := Admit(c, o.Now, d.Message); refusal != nil {
			return nil, refusal, nil
		}
	}
	outcome, err := apply(o.place(c, &o.Loads), d.Message)
	if err != nil {
		return nil, nil, err
	}
	o.Now = outcome.Account
	if err := o.write(outcome.Writes); err != nil {
		return nil, nil, err
	}
	o.Events = append(o.Events, Handled{Received: d, Outcome: outcome})
	return &o.Events[len(o.Events)-1], nil, nil
}

// HandleGroup applies several relays as one and records each; false says that they can't be handled so, and nothing has
// happened but that gas was wasted. An error is the state's.
func (o *Overlay) HandleGroup(c *Context, group []*Delivery) (ok bool, wasted uint64, err error) {
	loads := Loads{Had: o.Loads.Had, Ran: slices.Clone(o.Loads.Ran)}
	outcomes, wasted, err := applyGroup(o.place(c, &loads), messagesOf(group))
	if outcomes == nil || err != nil {
		return false, wasted, err
	}
	o.Loads.Ran = loads.Ran
	o.Now = outcomes[0].Account
	if err := o.write(outcomes[len(outcomes)-1].Writes); err != nil {
		return false, 0, err
	}
	for i, d := range group {
		o.Events = append(o.Events, Handled{Received: d, Joined: i > 0, Outcome: outcomes[i]})
	}
	return true, 0, nil
}

// Entry is the value of key in the account's storage now. It makes an Overlay the Storage of its own handlings.
func (o *Overlay) Entry(key string) ([]byte, error) {
	if w, ok := o.writes[key]; ok {
		return w.after, nil
	}
	return o.below.Entry(o.Account, key)
}

// Next is the next key of the account's storage now.
func (o *Overlay) Next(prefix, after string) (string, error) { return o.keys.next(o, prefix, after) }

func (o *Overlay) nextBelow(prefix, after string) (string, error) {
	return o.below.Next(o.Account, prefix, after)
}

func (o *Overlay) touched(key string) bool { _, ok := o.writes[key]; return ok }

func (o *Overlay) present() iter.Seq[string] {
	return func(yield func(string) bool) {
		for key, w := range o.writes { // any order: they are sorted by who takes them
			if w.after != nil && !yield(key) {
				return
			}
		}
	}
}

// write takes over what a handling wrote, and remembers what was there before the block.
func (o *Overlay) write(list []Write) error {
	for _, w := range list {
		if o.writes == nil {
			o.writes = make(map[string]write)
		}
		old, ok := o.writes[w.Key]
		if !ok {
			before, err := o.below.Entry(o.Account, w.Key)
			if err != nil {
				return err
			}
			old.before = before
		}
		o.writes[w.Key] = write{old.before, w.Value}
		o.keys.set(w.Key, w.Value)
	}
	return nil
}

// Changes are the entries of the account's storage that the block changed, by key.
func (o *Overlay) Changes() []Change {
	if len(o.writes) == 0 {
		return nil
	}
	list := make([]Change, 0, len(o.writes))
	for key, w := range o.writes { // any order: sorted below
		if !bytes.Equal(w.before, w.after) {
			list = append(list, Change{Slot{o.Account, key}, w.before, w.after})
		}
	}
	slices.SortFunc(list, func(a, b Change) int { return cmp.Compare(a.Key, b.Key) })
	return list
}
