package payment_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/kit"
	"github.com/thinkey/thinkey/sdk/light"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// story writes down what it tells.
type story struct {
	*kit.Chain
	t      testing.TB
	text   strings.Builder
	people []*kit.Account
}

func newStory(t testing.TB, chains int, balances ...any) *story {
	s := &story{Chain: kit.New(t, kit.Chains(chains)), t: t}
	for i := 0; i < len(balances); i += 2 {
		s.people = append(s.people, s.Account(balances[i].(string), kit.Balance(uint64(balances[i+1].(int)))))
	}
	return s
}

func (s *story) say(format string, args ...any) { fmt.Fprintf(&s.text, format+"\n", args...) }

// balances says who has what, and what is under way.
func (s *story) balances() {
	var list []string
	for _, p := range s.people {
		list = append(list, fmt.Sprintf("%s %s", p, p.Balance()))
	}
	s.say("  %s", strings.Join(list, ", "))
}

var gas = regexp.MustCompile(`  gas [0-9.]+[kM]?`)

func (s *story) trace(t *kit.Trace) {
	for line := range strings.Lines(gas.ReplaceAllString(t.String(), "")) {
		s.say("  %s", strings.TrimSuffix(line, "\n"))
	}
}

// envelope shows what carries the relays that are held, and verifies it as anybody can who knows the main chain.
func (s *story) envelope(from, to string) {
	s.t.Helper()
	e, trust := s.Envelope(from, to)
	raw := e.Encode()
	read, err := light.DecodeEnvelope(raw)
	if err != nil {
		s.t.Fatal(err)
	}
	passage, err := read.Verify(&trust)
	if err != nil {
		s.t.Fatal(err)
	}
	for i, m := range read.Import.Messages {
		s.say("  relay %d from %s to %s: %s %s to %s", read.Import.First+uint64(i), from, to, m.Method, m.Amount, s.At(m.To))
	}
	for _, v := range read.Views {
		s.say("  view   of chain %d: block %d, with its committee's certificate", v.Last().Chain, v.Last().Height)
	}
	proof, err := light.DecodeImportProof(read.Import.Proof)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, step := range proof.Steps {
		s.say("  step   to block %d of chain %d: its anchor is the accumulator's leaf %d", step.Anchor.Height, step.Chain, step.Place.Index)
	}
	s.say("  place  %d of %d in that block's outbox", proof.Places.Indexes[0], proof.Places.Count)
	s.say("  verified offline: it brings %s, of %s that have left chain %s for chain %s", passage.Carried, passage.Through[0].Left, from, to)
	raw[len(raw)-40] ^= 1
	if read, err = light.DecodeEnvelope(raw); err == nil {
		_, err = read.Verify(&trust)
	}
	if err == nil {
		s.t.Error("an envelope that was changed is good, too")
	}
}

// Alice is on one chain, Bob and Charlie on another. The payment crosses by an envelope, and Bob is sure of it before it does.
func TestTwoChains(t *testing.T) {
	s := newStory(t, 2, "alice@a", 20, "bob@b", 5, "charlie@b", 5)
	alice, bob, charlie := s.people[0], s.people[1], s.people[2]
	s.say("Alice is on chain a, Bob and Charlie are on chain b, both under the main chain.")
	s.balances()

	s.Hold("a", "b")
	paid := s.Transfer(alice, bob, 10)
	s.say("\nAlice pays Bob 10. The first phase: her chain's block is final, and the main chain has its digest.")
	s.trace(paid)
	s.balances()
	s.say("  10 are under way. Bob's credit can't fail any more: he is paid.")

	s.say("\nBob's chain has not taken it in, so he can't spend it yet.")
	early := s.Transfer(bob, charlie, 10)
	s.trace(early)
	if early.OK() || early.Root().Status != chain.StatusBalance {
		t.Errorf("Bob pays 10 of 5\n%s", early)
	}

	s.say("\nWhat carries it, for anybody to bring to chain b:")
	s.envelope("a", "b")
	s.Conserved()

	s.Release("a", "b")
	s.say("\nThe second phase: chain b takes it in.")
	s.trace(paid)
	s.balances()

	s.say("\nNow Bob pays Charlie.")
	s.trace(s.Transfer(bob, charlie, 10).ExpectOK())
	s.balances()
	s.ExpectBalance(alice, 10)
	s.ExpectBalance(bob, 5)
	s.ExpectBalance(charlie, 15)
	s.Conserved()
	s.golden("testdata/two_chains.txt")
}

// Everybody is on a chain of their own, and the payment goes on: two relays, an envelope for each, and one trace for each payment.
func TestThreeChainsStory(t *testing.T) {
	s := newStory(t, 3, "alice@a", 20, "bob@b", 5, "charlie@c", 5)
	alice, bob, charlie := s.people[0], s.people[1], s.people[2]
	s.say("Alice is on chain a, Bob on b, Charlie on c, all under the main chain.")
	s.balances()

	s.Hold("", "")
	paid := s.Transfer(alice, bob, 10)
	s.say("\nAlice pays Bob 10. Her chain's block is final, and the main chain has its digest: Bob is paid, and can't spend it yet.")
	s.trace(paid)
	s.say("\nWhat carries it to chain b:")
	s.envelope("a", "b")
	s.balances()
	s.Conserved()

	s.Release("a", "b")
	s.say("\nChain b has taken it in.")
	s.trace(paid)

	pays := s.Transfer(bob, charlie, 10)
	s.say("\nNow Bob pays Charlie 10, all that he got. It waits for chain c.")
	s.trace(pays)
	s.say("\nWhat carries it there. Chain c knows neither a nor b, and need not: the main chain covers both.")
	s.envelope("b", "c")
	s.balances()
	s.Conserved()

	s.Release("b", "c")
	s.say("\nChain c has taken it in.")
	s.trace(pays)
	s.balances()
	s.ExpectBalance(alice, 10)
	s.ExpectBalance(bob, 5)
	s.ExpectBalance(charlie, 15)
	s.Conserved()
	s.golden("testdata/three_chains.txt")
}

func (s *story) golden(file string) {
	s.t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(s.text.String()), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := s.text.String(); got != string(want) {
		s.t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// paper is what the whitepaper says of three chains.
type paper struct {
	Orders []struct {
		Name                            string
		Before, After, AfterFirstBlocks map[string]uint64
		UnderWay                        int `json:"under_way"`
	}
}

// Everybody is on a chain of their own, and Bob has 10 already. Both payments leave with the first blocks, 20 are under way then.
func TestThreeChains(t *testing.T) {
	b, err := os.ReadFile("client/testdata/payment.json")
	if err != nil {
		t.Fatal(err)
	}
	var says paper
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(b), "after_first_blocks", "AfterFirstBlocks")), &says); err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, o := range says.Orders {
		if o.AfterFirstBlocks == nil {
			continue
		}
		told++
		s := newStory(t, 3, "alice@a", int(o.Before["alice"]), "bob@b", int(o.Before["bob"]), "charlie@c", int(o.Before["charlie"]))
		holds := func(want map[string]uint64) {
			t.Helper()
			for i, name := range []string{"alice", "bob", "charlie"} {
				s.ExpectBalance(s.people[i], want[name])
			}
			s.Conserved()
		}
		s.Hold("", "")
		s.Together(func(*kit.Chain) {
			s.Transfer(s.people[0], s.people[1], 10)
			s.Transfer(s.people[1], s.people[2], 10)
		})
		holds(o.AfterFirstBlocks)
		if n := s.UnderWay("a", "b") + s.UnderWay("b", "c"); 10*n != o.UnderWay {
			t.Errorf("%d relays under way, and the paper says that %d are", n, o.UnderWay)
		}
		s.Release("", "")
		holds(o.After)
	}
	if told != 1 {
		t.Errorf("the paper tells of %d stories on three chains", told)
	}
}

// In every order in which what is sent can arrive, money is conserved, whoever was paid is credited, and the end is one of two: Bob
// was paid before he paid, or not.
func TestEveryOrder(t *testing.T) {
	for chains, names := range map[int][]string{2: {"alice@a", "bob@b", "charlie@b"}, 3: {"alice@a", "bob@b", "charlie@c"}} {
		s := newStory(t, chains, names[0], 20, names[1], 5, names[2], 5)
		alice, bob, charlie := s.people[0], s.people[1], s.people[2]
		ends := map[string]int{}
		x := s.Explore(9, func(k *kit.Chain) {
			k.Transfer(alice, bob, 10)
			k.Transfer(bob, charlie, 10)
		}, func(k *kit.Chain) error {
			k.Conserved()
			paid, pays := k.Traces()[0], k.Traces()[1]
			if add := paid.Find(kit.Sent(bob.Name(), "add")); add == nil || !add.OK() {
				return fmt.Errorf("the credit of a payment that was made failed")
			}
			ends[fmt.Sprintf("%s %s %s, bob pays: %t", alice.Balance(), bob.Balance(), charlie.Balance(), pays.OK())]++
			return nil
		})
		if x.Sampled || len(ends) != 2 || ends["10 5 15, bob pays: true"] == 0 || ends["10 15 5, bob pays: false"] == 0 {
			t.Errorf("%d chains: %+v, %v", chains, x, ends)
		}
	}
}

// Whoever is paid gets it: who has no account yet, and code that refuses everything.
func TestCreditCannotFail(t *testing.T) {
	mean := kit.Native{Name: "mean", Handle: kit.Methods{"init": func(*kit.Env) error { return nil }}.Handle}
	s := newStory(t, 2, "alice@a", 20, "bob@b", 5)
	code := s.Deploy(s.Account("bob@b"), mean, "")
	s.Send(s.Account("alice@a"), code, "anything", kit.Amount(3)).Expect(kit.Sent("mean@b", "anything", kit.Refused("no method")))
	for _, to := range []*kit.Account{s.Account("nobody@b"), code} {
		before := to.Balance()
		s.Transfer(s.Account("alice@a"), to, 4).ExpectOK().Expect(kit.Sent(to.Name(), "add", kit.Amount(4), kit.Status(chain.StatusOK)))
		if got, err := to.Balance().Sub(before); err != nil || got != chain.NewAmount(4) {
			t.Errorf("%s has %s more", to, got)
		}
	}
	s.ExpectBalance(s.Account("alice@a"), 12)
}
