package order

import (
	"fmt"
	"strings"
)

// FaultKind says which rule σ breaks. The kinds stand in the order in which Check looks for them: if σ has several faults,
// the first kind is named.
type FaultKind uint8

const (
	OutOfRange           FaultKind = iota + 1 // a number names no account or message
	UnknownClass                              // a message is of no Class
	AccountTwice                              // an account has two sequences
	ReceivedTwice                             // a message was processed twice (O1)
	SentTwice                                 // a message was sent by two events, or by one though it came from outside (O1)
	ReceivedNeverSent                         // a message of this block was processed and nobody sent it (O1)
	NeverSent                                 // a message of this block was neither processed nor sent (O1)
	WrongAccount                              // a message was processed by another account than it goes to (O1)
	InputNotProcessed                         // an external message is left over, or an imported one where that is refused (O2)
	CarriedNotProcessed                       // a carried message is left over where that is refused (O2)
	LeavingProcessed                          // a relay to another chain was processed on this one (O2)
	InternalNotProcessed                      // an internal relay is left over where that is refused (O2)
	Cycle                                     // events wait for each other (O3)
	CarriedSkipped                            // a carried message is left over, one behind it in the queue was processed (O4)
	CarriedNotFirst                           // an account processed something else before a carried message (O4)
	OutOfOrder                                // of two messages of a pair the later was processed without the earlier before it (O5)
)

var kindNames = [...]string{
	OutOfRange:           "index out of range",
	UnknownClass:         "unknown class",
	AccountTwice:         "account with two sequences",
	ReceivedTwice:        "received twice",
	SentTwice:            "sent twice",
	ReceivedNeverSent:    "received but never sent",
	NeverSent:            "listed but never sent",
	WrongAccount:         "processed by the wrong account",
	InputNotProcessed:    "input not processed",
	CarriedNotProcessed:  "carried message not processed",
	LeavingProcessed:     "external relay processed here",
	InternalNotProcessed: "internal relay not processed",
	Cycle:                "cycle",
	CarriedSkipped:       "carried message skipped",
	CarriedNotFirst:      "carried message not first",
	OutOfOrder:           "out of order",
}

// String is the verdict in a few words.
func (k FaultKind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("fault kind %d", uint8(k))
}

// Fault is the proof that σ is not a possible order: anybody can check it against σ by eye.
//
//	Kind                   Messages          Accounts
//	OutOfRange             where, or none    where, or none; Number is what names nothing
//	UnknownClass           the message       none; Number is the class
//	AccountTwice           none              the account
//	ReceivedTwice          the message       both that processed it
//	SentTwice              the message       both senders; one if the message came from outside
//	those of one message   the message       who processed it or else who sent it, if known; whom it goes to, if read
//	Cycle                  none              none; Cycle has the steps
//	CarriedSkipped         left, processed   who processed
//	CarriedNotFirst        it, the one just before it    who processed them
//	OutOfOrder             earlier, later in canonical order    sender, receiver
//
// The numbers in Messages, Accounts and Cycle are all in range.
type Fault struct {
	Kind     FaultKind
	Messages []uint32
	Accounts []uint32
	Number   uint32
	Cycle    []Step
}

// Describe says what is wrong in one line, with the caller's names for messages and accounts. It calls them with numbers
// that are in range only.
func (f *Fault) Describe(nameMessage, nameAccount func(uint32) string) string {
	m, a := names(f.Messages, nameMessage), names(f.Accounts, nameAccount)
	kind := f.Kind.String() + ": "
	switch f.Kind {
	case OutOfRange, UnknownClass:
		return kind + f.describeNumber(m, a)
	case AccountTwice:
		return kind + a[0]
	case ReceivedTwice, SentTwice:
		return kind + describeTwice(m[0], a)
	case Cycle:
		return kind + f.describeCycle(nameMessage, nameAccount)
	case CarriedSkipped:
		return fmt.Sprintf("%s%s is left over, but %s processed %s from behind it", kind, m[0], a[0], m[1])
	case CarriedNotFirst:
		return fmt.Sprintf("%s%s processed %s before %s", kind, a[0], m[1], m[0])
	case OutOfOrder:
		return fmt.Sprintf("%s%s sent %s before %s, %s processed %s without %s before it", kind, a[0], m[0], m[1], a[1], m[1], m[0])
	default:
		return kind + f.describeMessage(m[0], a)
	}
}

// describeNumber names the place of a number that names nothing; where that is unknown, it is the number of a sequence.
func (f *Fault) describeNumber(m, a []string) string {
	switch {
	case f.Kind == UnknownClass:
		return fmt.Sprintf("%s has class %d", m[0], f.Number)
	case len(m) > 0:
		return fmt.Sprintf("%s names account %d", m[0], f.Number)
	case len(a) > 0:
		return fmt.Sprintf("%s names message %d", a[0], f.Number)
	}
	return fmt.Sprintf("a sequence names account %d", f.Number)
}

func describeTwice(m string, a []string) string {
	switch {
	case len(a) == 1:
		return fmt.Sprintf("%s comes from outside and %s sends it", m, a[0])
	case a[0] == a[1]:
		return fmt.Sprintf("%s, both times by %s", m, a[0])
	}
	return fmt.Sprintf("%s by %s and by %s", m, a[0], a[1])
}

// describeMessage is for the kinds that concern one message.
func (f *Fault) describeMessage(m string, a []string) string {
	switch f.Kind {
	case WrongAccount:
		return fmt.Sprintf("%s by %s, it goes to %s", m, a[0], a[1])
	case ReceivedNeverSent, LeavingProcessed:
		return fmt.Sprintf("%s by %s", m, a[0])
	case InternalNotProcessed, CarriedNotProcessed, InputNotProcessed:
		if len(a) == 2 {
			return fmt.Sprintf("%s from %s to %s", m, a[0], a[1])
		}
	}
	return m
}

// A cycle that is longer is cut in the middle: whoever wants it all has Fault.Cycle.
const (
	cycleHead = 24
	cycleTail = 8
)

func (f *Fault) describeCycle(nameMessage, nameAccount func(uint32) string) string {
	var b strings.Builder
	write := func(steps []Step) {
		for _, s := range steps {
			b.WriteString(nameMessage(s.Message))
			if s.Edge == Sent {
				b.WriteString(" -sent-> ")
			} else {
				b.WriteString(" -" + nameAccount(s.Account) + "-> ")
			}
		}
	}
	if cut := len(f.Cycle) - cycleHead - cycleTail; cut > 1 {
		write(f.Cycle[:cycleHead])
		fmt.Fprintf(&b, "(%d more) -> ", cut)
		write(f.Cycle[cycleHead+cut:])
	} else {
		write(f.Cycle)
	}
	return b.String() + nameMessage(f.Cycle[0].Message)
}

func names(numbers []uint32, name func(uint32) string) []string {
	s := make([]string, len(numbers))
	for i, n := range numbers {
		s[i] = name(n)
	}
	return s
}
