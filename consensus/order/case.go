package order

import "slices"

// Case is one σ by names, as people and other tools write it in JSON (ParseCases): to try an order by hand, to keep test
// vectors, to attach a witness to a report.
//
//	{"name": "reply before the request that caused it",
//	 "inputs": ["a"], "external": [],
//	 "sigma": {"1": [["c", ["b2"]], ["a", ["b"]]],
//	           "2": [["b", ["c"]], ["b2", []]]},
//	 "verdict": "cycle"}
//
// Inputs come from outside, external ones leave the chain, all others are internal; nothing is carried in or out. Whom an
// internal message goes to is not written down: it is the account that lists it.
type Case struct {
	Name     string
	Inputs   []string
	External []string
	Sigma    []CaseSequence // sorted by account
	Verdict  string         // as expected; may be empty
}

// CaseSequence is the σ_i of one account.
type CaseSequence struct {
	Account string
	Events  []CaseEvent
}

// CaseEvent is a message received and those sent while it was handled.
type CaseEvent struct {
	Received string
	Sent     []string
}

// Verdict is the answer to a Case: "ok" or the name of a FaultKind, with the witness. Cycle names the messages received
// by the events of a cycle, the first one not repeated: all of them, so that from each to the next there is an edge of the
// graph (SPEC 4.4 c), where Witness goes along an account in one step.
type Verdict struct {
	Verdict string   `json:"verdict"`
	Cycle   []string `json:"cycle,omitempty"`
	Name    string   `json:"name,omitempty"`
	Witness string   `json:"witness,omitempty"`
}

// VerdictOK is the verdict on a possible order.
const VerdictOK = "ok"

// Check answers the case, with nothing carried out.
func (c Case) Check() Verdict {
	t := c.translate()
	_, fault := Checker{Accounts: len(c.Sigma) + 1}.Check(t.messages, t.sigma)
	if fault == nil {
		return Verdict{Verdict: VerdictOK, Name: c.Name}
	}
	nameMessage := func(m uint32) string { return t.names[m] }
	v := Verdict{Verdict: fault.Kind.String(), Name: c.Name, Witness: fault.Describe(nameMessage, c.nameAccount)}
	for i, step := range fault.Cycle {
		v.Cycle = append(v.Cycle, nameMessage(step.Message))
		if next := fault.Cycle[(i+1)%len(fault.Cycle)]; step.Edge == Before {
			v.Cycle = append(v.Cycle, c.between(step.Account, nameMessage(step.Message), nameMessage(next.Message))...)
		}
	}
	return v
}

// between names what an account received after one message and before another.
func (c Case) between(account uint32, after, before string) (names []string) {
	events := c.Sigma[account].Events
	is := func(name string) func(CaseEvent) bool {
		return func(e CaseEvent) bool { return e.Received == name }
	}
	for _, e := range events[slices.IndexFunc(events, is(after))+1 : slices.IndexFunc(events, is(before))] {
		names = append(names, e.Received)
	}
	return names
}

// nameAccount names the account behind the last one, too: it is the receiver of messages that no account lists.
func (c Case) nameAccount(a uint32) string {
	if int(a) == len(c.Sigma) {
		return "nobody"
	}
	return c.Sigma[a].Account
}

// translation is a case in numbers: of accounts by their place in Sigma, of messages as they first come up.
type translation struct {
	number   map[string]uint32
	names    []string
	messages []Message
	sigma    []Sequence
}

func (c Case) translate() *translation {
	t := &translation{number: make(map[string]uint32)}
	nobody := uint32(len(c.Sigma))
	for _, name := range c.Inputs {
		t.message(name, Message{Class: External})
	}
	for _, name := range c.External {
		t.message(name, Message{Class: Leaving})
	}
	for a, seq := range c.Sigma { // before any is named as sent, since only the receiver tells To
		for _, ev := range seq.Events {
			t.message(ev.Received, Message{Class: Internal, To: uint32(a)})
		}
	}
	for a, seq := range c.Sigma {
		events := make([]Event, len(seq.Events))
		for i, ev := range seq.Events {
			events[i].Received = t.number[ev.Received]
			for _, name := range ev.Sent {
				events[i].Sent = append(events[i].Sent, t.message(name, Message{Class: Internal, To: nobody}))
			}
		}
		t.sigma = append(t.sigma, Sequence{uint32(a), events})
	}
	return t
}

// message returns the number of the message of that name, which is msg if it comes up for the first time.
func (t *translation) message(name string, msg Message) uint32 {
	m, known := t.number[name]
	if !known {
		m = uint32(len(t.names))
		t.number[name] = m
		t.names = append(t.names, name)
		t.messages = append(t.messages, msg)
	}
	return m
}
