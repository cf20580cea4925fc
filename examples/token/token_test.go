package token_test

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/kit"
)

// each runs a test on either module.
func each(t *testing.T, test func(t *testing.T, m *mint)) {
	t.Run("rust", func(t *testing.T) { test(t, newMint(t, kit.File("rust/token.wasm"))) })
	t.Run("go", func(t *testing.T) { test(t, newMint(t, kit.Go("go"))) })
}

const (
	symbol   = "KIT"
	decimals = 2
	supply   = 1000
)

// mint is a chain with a token on it. The issuer has an account of it, with all the supply.
type mint struct {
	*kit.Chain
	t                         testing.TB
	module                    kit.Contract
	issuer, alice, bob, carol *kit.Account
	wallets                   map[*kit.Account]*kit.Account // accounts of the token by owner
}

func newMint(t testing.TB, module kit.Contract) *mint {
	t.Helper()
	k := kit.New(t)
	m := &mint{Chain: k, t: t, module: module, wallets: make(map[*kit.Account]*kit.Account)}
	m.issuer, m.alice = k.Account("issuer", kit.Balance(100)), k.Account("alice", kit.Balance(100))
	m.bob, m.carol = k.Account("bob", kit.Balance(100)), k.Account("carol", kit.Balance(100))
	m.open(m.issuer, supply)
	return m
}

// id is the token's, as the README has it.
func (m *mint) id(symbol string) [32]byte {
	b, err := kit.Encode(m.issuer, symbol, uint8(decimals))
	if err != nil {
		m.t.Fatal(err)
	}
	return sha256.Sum256(b)
}

// open makes who's account of the token.
func (m *mint) open(who *kit.Account, supply uint64) *kit.Account {
	m.t.Helper()
	id := m.id(symbol)
	w := m.Deploy(who, m.module, string(id[:]), kit.Input(m.issuer, symbol, decimals, supply), kit.As(who.Name()+"'s"))
	m.wallets[who] = w
	return w
}

// pay lets who pay tokens.
func (m *mint) pay(k *kit.Chain, who, to *kit.Account, amount uint64) *kit.Trace {
	m.t.Helper()
	return k.Send(who, m.wallets[who], "pay", kit.Input(to, amount))
}

func (m *mint) balance(who *kit.Account) uint64 {
	m.t.Helper()
	var a chain.Amount
	m.Query(m.wallets[who], "balance", &a)
	var n uint64
	if _, err := fmt.Sscan(a.String(), &n); err != nil {
		m.t.Fatal(err)
	}
	return n
}

// conserved says what is wrong with the sum of all balances, when nothing is under way.
func (m *mint) conserved() error {
	m.t.Helper()
	sum, text := uint64(0), ""
	for _, who := range []*kit.Account{m.issuer, m.alice, m.bob, m.carol} {
		if m.wallets[who] != nil {
			n := m.balance(who)
			sum += n
			text += fmt.Sprintf(" %s %d", who, n)
		}
	}
	if sum != supply {
		return fmt.Errorf("there are %d tokens, and %d were made:%s", sum, supply, text)
	}
	return nil
}

func (m *mint) expect(who *kit.Account, want uint64) {
	m.t.Helper()
	if got := m.balance(who); got != want {
		m.t.Errorf("%s has %d, expected %d", who, got, want)
	}
	if err := m.conserved(); err != nil {
		m.t.Error(err)
	}
}

// differs is what two runs of a story may differ in: gas, and what is made of the code's hash.
var differs = regexp.MustCompile(`gas [0-9.]+[kM]?|message: [0-9a-f]+…|tk1[0-9a-z]+(…[0-9a-z]+)?`)

// Both modules tell the same story, name by name: traces show inputs and events as the modules' schemas call them.
func TestSameStory(t *testing.T) {
	stories := map[string]string{}
	each(t, func(t *testing.T, m *mint) {
		m.open(m.alice, 0)
		traces := []*kit.Trace{
			m.Traces()[0], m.pay(m.Chain, m.issuer, m.alice, 300), m.pay(m.Chain, m.issuer, m.carol, 300), m.pay(m.Chain, m.alice, m.bob, 301),
			m.Send(m.alice, m.wallets[m.alice], "receive", kit.Input(m.bob, 5)), m.Send(m.bob, m.wallets[m.alice], "withdraw", kit.Input(0)),
		}
		for _, trace := range traces {
			stories[strings.TrimPrefix(t.Name(), "TestSameStory/")] += differs.ReplaceAllString(trace.String(), "…") + "\n"
		}
	})
	if stories["rust"] != stories["go"] || stories["go"] == "" {
		t.Errorf("rust:\n%s\ngo:\n%s", stories["rust"], stories["go"])
	}
}

func TestPay(t *testing.T) {
	each(t, func(t *testing.T, m *mint) {
		m.Traces()[0].Expect(kit.Sent("issuer's", "init", kit.Emitted("minted")))
		m.open(m.alice, 0)
		trace := m.pay(m.Chain, m.issuer, m.alice, 300).ExpectOK()
		trace.Expect(kit.Sent("alice's", "receive", kit.From("issuer's"), kit.Input(m.issuer, 300), kit.Emitted("transferred")))
		m.expect(m.alice, 300)
		m.expect(m.issuer, 700)
		m.pay(m.Chain, m.alice, m.alice, 300).ExpectOK() // to oneself is as to anyone
		m.expect(m.alice, 300)
		var owner chain.Address
		if m.Query(m.wallets[m.alice], "owner", &owner); owner != m.alice.Address() {
			t.Errorf("owner %s", owner)
		}
		var about struct {
			ID       chain.Hash
			Issuer   chain.Address
			Symbol   string
			Decimals uint8
			Supply   chain.Amount
		}
		m.Query(m.wallets[m.issuer], "token", &about)
		if about.ID != m.id(symbol) || about.Issuer != m.issuer.Address() || about.Symbol != symbol || about.Decimals != decimals || about.Supply != chain.NewAmount(supply) {
			t.Errorf("%+v", about)
		}
		t.Logf("\n%s\n%s", trace, m.GasReport())
	})
}

// What is paid to somebody without an account, or where there is no room, comes back.
func TestBounces(t *testing.T) {
	each(t, func(t *testing.T, m *mint) {
		trace := m.pay(m.Chain, m.issuer, m.carol, 300)
		if b := trace.Find(kit.Sent("issuer's", "bounce")); b == nil || !b.OK() || len(b.Events) != 1 || b.Events[0].Topic != "returned" {
			t.Errorf("nothing was returned\n%s", trace)
		}
		m.expect(m.issuer, supply)
		if m.carol.Balance() != chain.NewAmount(100) {
			t.Error("a payment of tokens changed coins")
		}
	})
}

// However little gas a payment is given: tokens arrive, or they are where they were.
func TestAnyGas(t *testing.T) {
	each(t, func(t *testing.T, m *mint) {
		m.open(m.alice, 0)
		has, enough := uint64(0), uint64(0)
		for gas := uint64(20_000); gas <= 1_000_000; gas += 20_000 {
			trace := m.Send(m.issuer, m.wallets[m.issuer], "pay", kit.Input(m.alice, 1), kit.Gas(gas))
			if trace.OK() {
				has++
				enough = cmp.Or(enough, gas)
			}
			m.expect(m.alice, has)
		}
		if enough == 0 || has == 1_000_000/20_000 {
			t.Errorf("%d payments arrived", has)
		}
		t.Logf("a payment takes %d gas at the most", enough)
	})
}

// What could make tokens out of nothing, or take them, is refused.
func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, m *mint) {
		issuers, bobs := m.wallets[m.issuer], m.open(m.bob, 0)
		id := m.id("FAKE")
		fake := m.Deploy(m.issuer, m.module, string(id[:]), kit.Input(m.issuer, "FAKE", decimals, 9), kit.As("fake"))
		for name, c := range map[string]struct {
			trace  *kit.Trace
			reason string
		}{
			"forged by a key account":       {m.Send(m.alice, bobs, "receive", kit.Input(m.issuer, 5)), "not an account of this token"},
			"forged by the issuer":          {m.Send(m.issuer, bobs, "receive", kit.Input(m.issuer, 5)), "not an account of this token"},
			"payment by another":            {m.Send(m.bob, issuers, "pay", kit.Input(m.bob, 5)), "only the owner may do this: " + m.issuer.Address().String()},
			"withdrawal by another":         {m.Send(m.bob, issuers, "withdraw", kit.Input(5)), "only the owner"},
			"too much":                      {m.pay(m.Chain, m.issuer, m.bob, supply+1), "1001 to send and a balance of 1000"},
			"nothing":                       {m.pay(m.Chain, m.issuer, m.bob, 0), "nothing to send"},
			"input too long":                {m.Send(m.issuer, issuers, "pay", kit.Raw(make([]byte, 41))), ""},
			"input too short":               {m.Send(m.issuer, issuers, "pay", kit.Raw(make([]byte, 39))), ""},
			"unknown method":                {m.Send(m.issuer, issuers, "steal", kit.Raw([]byte{})), "no"},
			"a query as a message":          {m.Send(m.issuer, issuers, "balance"), "no"},
			"coins with a payment":          {m.Send(m.issuer, issuers, "pay", kit.Input(m.bob, 5), kit.Amount(1)), "takes no coins"},
			"tokens of another name":        {m.Send(m.issuer, fake, "pay", kit.Input(m.bob, 5)), ""},
			"a bounce that nobody sent":     {m.Send(m.issuer, issuers, "bounce", kit.Raw([]byte{})), ""},
			"more coins than there are":     {m.Send(m.issuer, issuers, "withdraw", kit.Input(1)), ""},
			"supply of another's token":     {m.deploy(m.bob, m.id("NEW"), "NEW", decimals, 1), "the issuer alone"},
			"another salt":                  {m.deploy(m.issuer, [32]byte{1}, symbol, decimals, 1), "the salt is not the token's id: "},
			"no symbol":                     {m.deploy(m.issuer, m.id(""), "", decimals, 1), "1 to 16 letters"},
			"a space in the symbol":         {m.deploy(m.issuer, m.id("K T"), "K T", decimals, 1), "1 to 16 letters"},
			"a long symbol":                 {m.deploy(m.issuer, m.id(long), long, decimals, 1), "1 to 16 letters"},
			"many decimals":                 {m.deploy(m.alice, m.id(symbol), symbol, 39, 0), "39 decimals: 38 are the most"},
			"a second account of an issuer": {m.deploy(m.issuer, m.id(symbol), symbol, decimals, 1), ""},
		} {
			if name == "tokens of another name" { // sent, and refused by no account: bob has none of that token
				c.trace.Expect(kit.Sent("fake", "bounce"))
				continue
			}
			failed := c.trace.Failed()
			if len(failed) == 0 || c.reason != "" && !strings.Contains(failed[0].Reason, c.reason) {
				t.Errorf("%s: want a refusal with %q\n%s", name, c.reason, c.trace)
			}
		}
		m.expect(m.bob, 0)
		m.expect(m.issuer, supply)
	})
}

const long = "ABCDEFGHIJKLMNOPQ"

// deploy tries to make an account of some token.
func (m *mint) deploy(who *kit.Account, salt [32]byte, symbol string, decimals, supply uint64) *kit.Trace {
	m.t.Helper()
	_, trace := m.Deployment(who, m.module, string(salt[:]), kit.Input(m.issuer, symbol, decimals, supply), kit.As(fmt.Sprintf("%s's %x", who, salt[:4])))
	return trace
}

// A key account that gives itself the code has no state, and can't get one.
func TestNoStateWithoutInit(t *testing.T) {
	each(t, func(t *testing.T, m *mint) {
		m.open(m.bob, 0)
		m.Account("carol", kit.Code(m.module))
		m.External(m.carol, "pay", kit.Input(m.bob, 5)).Expect(kit.Sent("carol", "pay", kit.Refused("no state yet")))
		m.External(m.carol, "init", kit.Input(m.issuer, symbol, decimals, 0)).Expect(kit.Sent("carol", "init", kit.Refused("the salt is not")))
		if a := m.Ask(m.carol, "balance"); a.Status != chain.StatusRefused || !strings.Contains(a.Reason, "no state yet") {
			t.Errorf("%+v", a)
		}
	})
}

// Coins that pay the deposit are the owner's again when they are not needed.
func TestWithdraw(t *testing.T) {
	each(t, func(t *testing.T, m *mint) {
		id := m.id(symbol)
		w := m.Deploy(m.alice, m.module, string(id[:]), kit.Input(m.issuer, symbol, decimals, 0), kit.Amount(30), kit.As("alice's"))
		m.ExpectBalance(w, 30)
		m.Call(m.alice, w, "withdraw", kit.Input(10)).Expect(kit.Sent("alice", "add", kit.Amount(10)))
		m.ExpectBalance(w, 20)
		m.ExpectBalance(m.alice, 80)
	})
}

// Three holders pay one another at once, more than they can in some orders, and one whom nobody can pay: whatever the order,
// no token is made or lost, and a payment that could not be made took nothing.
func TestExplore(t *testing.T) {
	each(t, func(t *testing.T, m *mint) {
		for _, who := range []*kit.Account{m.alice, m.bob} {
			m.open(who, 0)
		}
		m.pay(m.Chain, m.issuer, m.alice, 50).ExpectOK()
		m.pay(m.Chain, m.issuer, m.bob, 50).ExpectOK()
		outcomes := map[string]bool{}
		x := m.Explore(20, func(k *kit.Chain) {
			m.pay(k, m.alice, m.bob, 30)
			m.pay(k, m.alice, m.carol, 20) // she has no account
			m.pay(k, m.bob, m.alice, 60)
			m.pay(k, m.bob, m.issuer, 10)
			m.pay(k, m.issuer, m.alice, 5)
			m.pay(k, m.issuer, m.bob, 5)
		}, func(k *kit.Chain) error {
			outcomes[fmt.Sprint(m.balance(m.issuer), m.balance(m.alice), m.balance(m.bob))] = true
			return m.conserved()
		})
		t.Logf("%d orders of up to %d messages, %d outcomes: %v", x.Orders, x.Longest, len(outcomes), outcomes)
		if x.Sampled || len(outcomes) < 2 {
			t.Errorf("%+v", x)
		}
	})
}
