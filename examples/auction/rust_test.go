package auction_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/examples/auction/contract/protocol"
	"github.com/thinkey/thinkey/sdk/guest"
	"github.com/thinkey/thinkey/sdk/kit"
)

// both are the tests of this folder, which the contracts in Go and those in Rust have to pass, word for word.
var both = map[string]func(t *testing.T){
	"TestStory": TestStory, "TestSoldAgain": TestSoldAgain, "TestCustody": TestCustody, "TestTime": TestTime, "TestHammer": TestHammer,
	"TestExploreBids": TestExploreBids, "TestExploreHammer": TestExploreHammer, "TestExploreWithdraw": TestExploreWithdraw,
	"TestExploreEnd": TestExploreEnd, "TestRefusedBids": TestRefusedBids, "TestUnprovenSenders": TestUnprovenSenders,
	"TestNoBids": TestNoBids, "TestWithdraw": TestWithdraw, "TestLateAuctioneer": TestLateAuctioneer, "TestLateReport": TestLateReport,
	"TestEqualBids": TestEqualBids, "TestBidderThatRefuses": TestBidderThatRefuses, "TestTooDeep": TestTooDeep, "TestAnyGas": TestAnyGas,
	"TestCollectorThatRefuses": TestCollectorThatRefuses, "TestRecorderThatRefuses": TestRecorderThatRefuses,
	"TestAuctioneerThatIsNone": TestAuctioneerThatIsNone, "TestRecorderThatIsNone": TestRecorderThatIsNone, "TestSoldTwice": TestSoldTwice,
	"TestHooksFit": TestHooksFit, "TestStoryOverChains": TestStoryOverChains, "TestHotKitten": TestHotKitten,
	"TestExploreHammerOverChains": TestExploreHammerOverChains, "TestExploreEndOverChains": TestExploreEndOverChains,
	"TestColdContracts": TestColdContracts,
}

func inRust(name string) kit.Contract { return kit.File("rust/" + name + "/" + name + ".wasm") }

// speak makes the contracts of a test those that code names.
func speak(t *testing.T, code func(name string) kit.Contract) {
	before := contracts
	contracts = code
	t.Cleanup(func() { contracts = before })
}

// The contracts in Rust do all that those in Go do.
func TestRust(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(both)) {
		t.Run(name, func(t *testing.T) {
			speak(t, inRust)
			both[name](t)
		})
	}
}

// Contracts in both languages sell together: the messages are the same bytes.
func TestMixed(t *testing.T) {
	for _, rust := range []string{"recorder auctioneer", "collector bidder"} {
		t.Run(rust, func(t *testing.T) {
			speak(t, func(name string) kit.Contract {
				if strings.Contains(rust, name) {
					return inRust(name)
				}
				return kit.Go("contract/" + name)
			})
			for _, name := range []string{"TestStory", "TestExploreWithdraw", "TestCollectorThatRefuses", "TestRecorderThatRefuses"} {
				t.Run(name, both[name])
			}
		})
	}
}

// Who calls the contracts by names need not know in which language they are.
func TestSameNames(t *testing.T) {
	var says [2][]string
	for i, code := range []func(string) kit.Contract{contracts, inRust} {
		speak(t, code)
		h := newHouse(t)
		bidder := h.Deploy(h.alice, contracts("bidder"), "", kit.As("bidder"))
		for _, a := range []*kit.Account{h.collector, h.recorder, h.east, bidder} {
			s := *a.Schema()
			s.Name = strings.ToLower(s.Name)
			text, err := json.MarshalIndent(s, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			says[i] = append(says[i], string(text))
		}
	}
	for i := range says[0] {
		if says[0][i] != says[1][i] {
			t.Errorf("in Go\n%s\nin Rust\n%s", says[0][i], says[1][i])
		}
	}
}

// What is asked of a lot is answered alike in both languages.
func TestAnswers(t *testing.T) {
	var answers [2]string
	for i, code := range []func(string) kit.Contract{contracts, inRust} {
		speak(t, code)
		h := newHouse(t)
		h.sell(10)
		h.bid(h.Chain, h.alice, h.east, 20)
		var sale struct {
			Reserve guest.Amount
			End     uint64
			Best    protocol.Held
			Stalls  []struct {
				Auctioneer guest.Address
				Done       bool
			}
		}
		var part struct {
			Reserve guest.Amount
			End     uint64
			Best    protocol.Held
		}
		var stage [2]uint8
		h.Query(h.recorder, "sale", &sale, kit.Input(h.lot()))
		h.Query(h.east, "sale", &part, kit.Input(h.lot()))
		h.Query(h.recorder, "stage", &stage[0], kit.Input(h.lot()))
		h.Query(h.east, "stage", &stage[1], kit.Input(h.lot()))
		if len(sale.Stalls) != 2 || part.Best.Bidder != guest.Address(h.alice.Address()) || stage != [2]uint8{1, 1} {
			t.Errorf("%+v, %+v, %v", sale, part, stage)
		}
		answers[i] = guest.Format("%s %d %s", part.Best.Amount, part.End, sale.Reserve)
	}
	if answers[0] != answers[1] {
		t.Errorf("%q", answers)
	}
}

// No test of this folder is left out of both.
func TestBothIsComplete(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(fn.Name.Name, "Test") || file == "rust_test.go" {
				continue
			}
			if found++; both[fn.Name.Name] == nil {
				t.Errorf("%s is not run with the contracts in Rust", fn.Name.Name)
			}
		}
	}
	if found != len(both) {
		t.Errorf("%d tests, and %d are run", found, len(both))
	}
}
