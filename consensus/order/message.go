package order

// inRange finds numbers that name nothing; every later rule indexes with them unchecked. It also finds an account with two
// sequences, which would have two orders.
func (g *graph) inRange() *Fault {
	for m := range g.messages {
		if fault := g.messageInRange(uint32(m)); fault != nil {
			return fault
		}
	}
	known := make([]bool, g.Accounts)
	for s := range g.sigma {
		seq := &g.sigma[s]
		if !g.isAccount(seq.Account) {
			return &Fault{Kind: OutOfRange, Number: seq.Account}
		}
		if known[seq.Account] {
			return &Fault{Kind: AccountTwice, Accounts: []uint32{seq.Account}}
		}
		known[seq.Account] = true
		if m, found := g.stranger(seq); found {
			return &Fault{Kind: OutOfRange, Number: m, Accounts: []uint32{seq.Account}}
		}
	}
	return nil
}

func (g *graph) messageInRange(m uint32) *Fault {
	msg := g.messages[m]
	switch {
	case msg.Class < External || msg.Class > Leaving:
		return &Fault{Kind: UnknownClass, Number: uint32(msg.Class), Messages: []uint32{m}}
	case (msg.Class == Imported || msg.Class == Carried) && !g.isAccount(msg.From):
		return &Fault{Kind: OutOfRange, Number: msg.From, Messages: []uint32{m}}
	case msg.Class.owed() && !g.isAccount(msg.To):
		return &Fault{Kind: OutOfRange, Number: msg.To, Messages: []uint32{m}}
	}
	return nil
}

// owed says whether a receiver on this chain is owed messages of class c by the account that sent them.
func (c Class) owed() bool { return c == Imported || c == Carried || c == Internal }

func (g *graph) isAccount(a uint32) bool { return uint64(a) < uint64(g.Accounts) }

// stranger returns the first number in σ_i that is no message.
func (g *graph) stranger(seq *Sequence) (m uint32, found bool) {
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

// eachMessage are the rules that a message keeps or breaks by itself (O1, O2), in the order of FaultKind.
var eachMessage = [...]struct {
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

// each applies the rules of eachMessage, one after the other, so that a fault of an earlier rule is found first whatever
// message has it.
func (g *graph) each() *Fault {
	for _, rule := range eachMessage {
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
