package block

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/consensus/order"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Part is what is wrong with a block.
type Part string

// The parts, in the order in which Verify looks at them. A gas limit is looked at while the accounts are replayed, so it
// can be named before a replay that differs.
const (
	PartEncoding  Part = "encoding"
	PartSize      Part = "size"
	PartNetwork   Part = "network"
	PartChain     Part = "chain"
	PartHeight    Part = "height"
	PartParent    Part = "parent"
	PartRound     Part = "round"
	PartProposer  Part = "proposer"
	PartTerm      Part = "term"
	PartEpoch     Part = "epoch"
	PartTime      Part = "time"
	PartCommittee Part = "committee"
	PartNext      Part = "next committee"
	PartViews     Part = "ancestor views"
	PartArrived   Part = "bytes from other chains"
	PartFacts     Part = "facts of the main chain"
	PartAcks      Part = "relays taken in elsewhere"
	PartImports   Part = "imported relays"
	PartFailed    Part = "failed rounds"
	PartInput     Part = "input"
	PartSignature Part = "signature"
	PartOrder     Part = "order"
	PartPlace     Part = "input at its place"
	PartReplay    Part = "replay"
	PartGasLimit  Part = "gas limit"
	PartFresh     Part = "share of fresh inputs"
	PartQueue     Part = "pending queue"
	PartGiven     Part = "loads for hooks"
	PartGasUsed   Part = "gas used"
	PartLoad      Part = "load"
	PartLeaving   Part = "leaving values"
	PartInputs    Part = "inputs root"
	PartOrderRoot Part = "order root"
	PartReceipts  Part = "receipts root"
	PartOutbox    Part = "outbox root"
	PartState     Part = "state root"
)

// Fault is why a block is not valid, with the witness: what was expected and what was found, where it is a message's or
// an account's fault which, and for an impossible σ what makes it so.
type Fault struct {
	Part      Part
	Message   chain.MessageID // zero if it is about none
	Account   chain.Address   // zero if it is about none
	Want, Got string
	Order     *order.Fault
}

// Error is one line.
func (f *Fault) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "block not valid: %s", f.Part)
	if f.Account != (chain.Address{}) {
		fmt.Fprintf(&b, ", account %s", f.Account)
	}
	if f.Message != (chain.MessageID{}) {
		fmt.Fprintf(&b, ", message %s", f.Message)
	}
	if f.Want != "" {
		fmt.Fprintf(&b, ": expected %s, found %s", f.Want, f.Got)
	} else if f.Got != "" {
		fmt.Fprintf(&b, ": %s", f.Got)
	}
	return b.String()
}

// differ is a Fault unless want and got are the same.
func differ[T comparable](part Part, want, got T) *Fault {
	if want == got {
		return nil
	}
	return &Fault{Part: part, Want: fmt.Sprint(want), Got: fmt.Sprint(got)}
}

func differList[T comparable](part Part, want, got []T) *Fault {
	if slices.Equal(want, got) {
		return nil
	}
	return &Fault{Part: part, Want: fmt.Sprint(want), Got: fmt.Sprint(got)}
}

// orderFault names the messages and accounts of a fault of σ.
func (r *run) orderFault(f *order.Fault, t *translation) *Fault {
	address := func(n uint32) string {
		if int(n) < len(r.order) {
			return r.order[n].Account.String()
		}
		for a, i := range t.others { // any order: the numbers are distinct
			if i == n {
				return a.String()
			}
		}
		return fmt.Sprintf("account %d", n)
	}
	name := func(n uint32) string {
		switch {
		case int(n) < r.carried:
			return fmt.Sprintf("carried-in message %d", n)
		case int(n) < r.firstInput():
			return "imported relay " + r.messages[n].Message.ID().String()
		case int(n) < r.firstSent():
			return "input " + r.inputs[int(n)-r.firstInput()].Message.ID().String()
		}
		return fmt.Sprintf("sent message %d", n)
	}
	return &Fault{Part: PartOrder, Got: f.Describe(name, address), Order: f}
}
