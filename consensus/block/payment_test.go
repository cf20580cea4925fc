package block

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// paymentSample is the part of testdata/payment.json that plays on one chain.
type paymentSample struct {
	Before   map[string]uint64
	Messages map[string]paymentMessage
	Orders   []struct {
		Name     string
		Chains   map[string]uint32
		Before   map[string]uint64
		Messages map[string]paymentMessage
		Sigma    map[string]json.RawMessage
		Internal []string
		After    map[string]uint64
	}
}

type paymentMessage struct {
	Signer, Method, To string
	Amount             uint64
}

// TestPaymentSample plays the whitepaper's payments (4.5.4) in each order that it has for one chain, at gas price 0, and
// finds its σ and its balances.
func TestPaymentSample(t *testing.T) {
	raw, err := os.ReadFile("testdata/payment.json")
	if err != nil {
		t.Fatal(err)
	}
	var sample paymentSample
	if err := json.Unmarshal(raw, &sample); err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, o := range sample.Orders {
		if o.Chains["alice"] != 1 || o.Chains["bob"] != 1 || o.Chains["charlie"] > 1 {
			continue
		}
		if o.Before == nil {
			o.Before, o.Messages = sample.Before, sample.Messages
		}
		played++
		t.Run(o.Name, func(t *testing.T) {
			p := paymentPlay{want: map[string][]paymentEvent{}, before: o.Before, messages: o.Messages, internal: o.Internal, after: o.After}
			for who, raw := range o.Sigma {
				p.want[who] = paymentEvents(t, raw)
			}
			p.run(t)
		})
	}
	if played != 3 {
		t.Errorf("%d orders were played, the sample has 3 for one chain", played)
	}
}

// paymentEvent is [received, [sent …]].
type paymentEvent struct {
	received string
	sent     []string
}

func paymentEvents(t *testing.T, raw json.RawMessage) (list []paymentEvent) {
	t.Helper()
	var events [][2]json.RawMessage
	if err := json.Unmarshal(raw, &events); err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		var p paymentEvent
		if err := json.Unmarshal(e[0], &p.received); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(e[1], &p.sent); err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

// paymentPlay is one order of the sample.
type paymentPlay struct {
	before, after map[string]uint64
	messages      map[string]paymentMessage
	want          map[string][]paymentEvent
	internal      []string

	*ledger
	people map[string]wallet
	names  map[chain.MessageID]string
}

func (p *paymentPlay) run(t *testing.T) {
	p.people, p.names = map[string]wallet{}, map[chain.MessageID]string{}
	g := &chain.Genesis{Name: "payment", Chain: here, TimeMillis: 1, Params: chain.DefaultParams()}
	for i, who := range []string{"alice", "bob", "charlie"} {
		if balance, ok := p.before[who]; ok {
			p.people[who] = newWallet(i)
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: p.people[who].address, Balance: chain.NewAmount(balance)})
		}
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	p.ledger = newLedger(t, g)
	did := p.play(t)
	res := p.build(t, did)
	p.discard(t, res)
	res = p.verify(t, res.Raw)
	p.commit(t, res)
	p.checkOrder(t, res)
	for who, balance := range p.after {
		a, err := p.state.Account(p.people[who].address)
		if err != nil || a.Balance != chain.NewAmount(balance) {
			t.Errorf("%s has %s, the sample says %d (%v)", who, a.Balance, balance, err)
		}
	}
}

// play drives the accounts by hand: whoever's next message, as the sample has it, is there takes it.
func (p *paymentPlay) play(t *testing.T) *Run {
	v := newLive(t, p.ledger, nil)
	for name, m := range p.messages {
		message := p.pay(p.people[m.Signer], 0, p.receiver(m.To), m.Amount)
		p.names[message.ID()] = name
		v.admit(t, message)
	}
	handled := func(a *actor) int { return len(a.overlay.Events) }
	next := func(a *actor) (string, bool) {
		for who, w := range p.people {
			if w.address == a.overlay.Account && handled(a) < len(p.want[who]) {
				return p.want[who][handled(a)].received, true
			}
		}
		return "", false
	}
	v.fresh = func(a *actor) bool {
		name, _ := next(a)
		return p.names[a.external[0].Message.ID()] == name
	}
	v.pick = func(awake []*actor) int {
		return slices.IndexFunc(awake, func(a *actor) bool {
			name, more := next(a)
			waits := slices.Concat(a.relays, a.external)
			return more && slices.ContainsFunc(waits, func(d *exec.Delivery) bool { return p.names[d.Message.ID()] == name })
		})
	}
	for len(v.awake) > 0 {
		v.step(t)
		for _, a := range v.run.Accounts {
			p.name(a)
		}
	}
	return v.run
}

func (p *paymentPlay) receiver(who string) chain.Address { return p.people[who].address }

// name gives what was sent the names that the sample has for it.
func (p *paymentPlay) name(a *exec.Overlay) {
	for who, w := range p.people {
		if w.address != a.Account {
			continue
		}
		for i, e := range a.Events {
			for k, d := range e.Sent {
				if i < len(p.want[who]) && k < len(p.want[who][i].sent) {
					p.names[d.Message.ID()] = p.want[who][i].sent[k]
				}
			}
		}
	}
}

// checkOrder compares σ of the block with the sample's.
func (p *paymentPlay) checkOrder(t *testing.T, res *Result) {
	t.Helper()
	h, err := Read(res.Raw, &res.Journal)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]paymentEvent{}
	var internal []string
	for _, e := range h.Events {
		for who, w := range p.people {
			if w.address == e.Account {
				event := paymentEvent{received: p.names[e.Message.ID()]}
				for _, s := range e.Sent {
					event.sent = append(event.sent, p.names[s.ID()])
					internal = append(internal, p.names[s.ID()])
				}
				got[who] = append(got[who], event)
			}
		}
	}
	if len(got) != len(p.want) {
		t.Errorf("%d accounts did something, the sample has %d", len(got), len(p.want))
	}
	for who, want := range p.want {
		if !slices.EqualFunc(got[who], want, func(a, b paymentEvent) bool { return a.received == b.received && slices.Equal(a.sent, b.sent) }) {
			t.Errorf("σ of %s is %v, the sample says %v", who, got[who], want)
		}
	}
	slices.Sort(internal)
	if !slices.Equal(internal, p.internal) {
		t.Errorf("internal relays are %v, the sample says %v", internal, p.internal)
	}
}
