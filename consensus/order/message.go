package order

// inRange finds numbers that name nothing; every later rule indexes with them unchecked.
func (g *graph) inRange() *Fault {
	for m := range g.messages {
		if a, found := g.strangerTo(g.messages[m]); found {
			return &Fault{Kind: OutOfRange, Number: a, Messages: []uint32{uint32(m)}}
		}
	}
	for s := range g.sigma {
		seq := &g.sigma[s]
		if !g.isAccount(seq.Account) {
			return &Fault{Kind: OutOfRange, Number: seq.Account}
		}
		if m, found := g.strangerIn(seq); found {
			return &Fault{Kind: OutOfRange, Number: m, Accounts: []uint32{seq.Account}}
		}
	}
	return nil
}

// strangerTo returns the number in msg that is no account, of those that are read.
func (g *graph) strangerTo(msg Message) (a uint32, found bool) {
	switch {
	case (msg.Class == Imported || msg.Class == Carried) && !g.isAccount(msg.From):
		return msg.From, true
	case msg.Class.owed() && !g.isAccount(msg.To):
		return msg.To, true
	}
	return 0, false
}

// strangerIn returns the first number in σ_i that is no message.
func (g *graph) strangerIn(seq *Sequence) (m uint32, found bool) {
	n := uint64(len(g.messages))
	for i := range seq.Events {
		if m := seq.Events[i].Received; uint64(m) >= n {
			return m, true
		}
		for _, m := range seq.Events[i].Sent {
			if uint64(m) >= n {
				return m, true
			}
		}
	}
	return 0, false
}

func (g *graph) isAccount(a uint32) bool { return uint64(a) < uint64(g.Accounts) }

// classes finds messages of no class, to which no rule would apply.
func (g *graph) classes() *Fault {
	for m, msg := range g.messages {
		if msg.Class < External || msg.Class > Leaving {
			return &Fault{Kind: UnknownClass, Number: uint32(msg.Class), Messages: []uint32{uint32(m)}}
		}
	}
	return nil
}

// accountsOnce finds an account with two sequences: between those, nothing would say what came first.
func (g *graph) accountsOnce() *Fault {
	seen := make([]bool, g.Accounts)
	for s := range g.sigma {
		a := g.sigma[s].Account
		if seen[a] {
			return &Fault{Kind: AccountTwice, Accounts: []uint32{a}}
		}
		seen[a] = true
	}
	return nil
}

// owed says whether a receiver on this chain is owed messages of class c by the account that sent them.
func (c Class) owed() bool { return c == Imported || c == Carried || c == Internal }

// messageRules are those that a message keeps or breaks by itself (O1, O2), in the order of FaultKind.
var messageRules = [...]struct {
	kind   FaultKind
	broken func(g *graph, m uint32) bool
}{
	{ReceivedNeverSent, func(g *graph, m uint32) bool { return g.isReceived(m) && g.isUnsent(m) }},
	{NeverSent, (*graph).isUnsent},
	{WrongAccount, func(g *graph, m uint32) bool {
		return g.messages[m].Class.owed() && g.isReceived(m) && g.account(g.received[m]) != g.messages[m].To
	}},
	{InputNotProcessed, func(g *graph, m uint32) bool {
		return !g.isReceived(m) && (g.messages[m].Class == External || g.isRefused(m, Imported))
	}},
	{CarriedNotProcessed, func(g *graph, m uint32) bool { return !g.isReceived(m) && g.isRefused(m, Carried) }},
	{LeavingProcessed, func(g *graph, m uint32) bool { return g.isReceived(m) && g.messages[m].Class == Leaving }},
	{InternalNotProcessed, func(g *graph, m uint32) bool { return !g.isReceived(m) && g.isRefused(m, Internal) }},
}

// eachMessage applies the messageRules, one after the other, so that a fault of an earlier rule is found first whatever
// message has it.
func (g *graph) eachMessage() *Fault {
	for _, rule := range messageRules {
		for m := range uint32(len(g.messages)) {
			if rule.broken(g, m) {
				return &Fault{Kind: rule.kind, Messages: []uint32{m}, Accounts: g.accountsOf(m)}
			}
		}
	}
	return nil
}

func (g *graph) isReceived(m uint32) bool { return g.received[m] != never }

// isUnsent says that this block claims to send m and no event did.
func (g *graph) isUnsent(m uint32) bool {
	c := g.messages[m].Class
	return (c == Internal || c == Leaving) && g.sent[m] == never
}

// isRefused says that m is of a class that may only be left over where the block may carry out, and this one may not.
func (g *graph) isRefused(m uint32, class Class) bool {
	return g.messages[m].Class == class && g.CarryOut != Allowed
}

// accountsOf returns who received m, or else who sent it; and, if m says so, whom it goes to.
func (g *graph) accountsOf(m uint32) (accounts []uint32) {
	switch msg := g.messages[m]; {
	case g.received[m] != never:
		accounts = append(accounts, g.account(g.received[m]))
	case g.sent[m] != never:
		accounts = append(accounts, g.account(g.sent[m]))
	case msg.Class == Imported || msg.Class == Carried:
		accounts = append(accounts, msg.From)
	}
	if g.messages[m].Class.owed() {
		accounts = append(accounts, g.messages[m].To)
	}
	return accounts
}
