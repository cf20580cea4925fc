package audit

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// abroad is an account of another chain.
func abroad(n byte) chain.Address { return chain.Address{3: 2, 4: n} }

// crossingWith adds to a result what came and what left.
func crossingWith(res *block.Result, came, left []*chain.Message) *block.Result {
	if len(came) > 0 {
		res.Block.Arrived.Imports = []chain.Import{{Source: 2, Messages: came}}
	}
	for i, m := range left {
		res.Outbox = append(res.Outbox, block.Outgoing{To: m.To.Chain(), Number: uint64(i), Message: m})
	}
	return res
}

func between(from, to chain.Address, amount uint64) *chain.Message {
	m := relayed(1, 2, amount).Clone()
	m.From, m.To = from, to
	return m.Seal()
}

// TestPairsAcross: what came is processed in order or waits in order, and what left was sent.
func TestPairsAcross(t *testing.T) {
	list := func(m ...*chain.Message) []*chain.Message { return m }
	a, b := between(abroad(1), account(2), 1), between(abroad(1), account(2), 2)
	out := between(account(1), abroad(2), 3)
	refund := between(system, abroad(2), 4).Clone()
	refund.Method = chain.MethodRefund
	refund.Seal()
	sends := []event{{0, list(out)}}
	for _, row := range []struct {
		name string
		res  *block.Result
		says string // "" for nothing
	}{
		{"taken in and processed", crossingWith(made(nil, 0, [][]event{nil, {{0, nil}, {1, nil}}}, 0, 0), list(a, b), nil), ""},
		{"taken in, the last waits", crossingWith(made(nil, 0, [][]event{nil, {{0, nil}}}, 0, 0, b), list(a, b), nil), ""},
		{"taken in, all wait", crossingWith(made(nil, 0, nil, 0, 0, a, b), list(a, b), nil), ""},
		{"taken in, the other way", crossingWith(made(nil, 0, [][]event{nil, {{1, nil}, {0, nil}}}, 0, 0), list(a, b), nil), "the other way"},
		{"taken in, the first left out", crossingWith(made(nil, 0, [][]event{nil, {{1, nil}}}, 0, 0, a), list(a, b), nil), "was left"},
		{"taken in and lost", crossingWith(made(nil, 0, [][]event{nil, {{0, nil}}}, 0, 0), list(a, b), nil), "doesn't stand at its place"},
		{"taken in, queued the other way", crossingWith(made(nil, 0, nil, 0, 0, b, a), list(a, b), nil), "doesn't stand at its place"},
		{"left", crossingWith(made(nil, 1, [][]event{sends}, 0, 0), nil, list(out)), ""},
		{"left, and gas went back", crossingWith(made(nil, 1, [][]event{sends}, 0, 0), nil, list(out, refund)), ""},
		{"sent and lost", made(nil, 1, [][]event{sends}, 0, 0), "doesn't stand at its place"},
		{"left as another", crossingWith(made(nil, 1, [][]event{sends}, 0, 0), nil, list(between(account(1), abroad(2), 4))), "doesn't stand at its place"},
		{"left twice", crossingWith(made(nil, 1, [][]event{sends}, 0, 0), nil, list(out, out)), "nobody sent it"},
		{"processed and left", crossingWith(made(nil, 1, [][]event{{{0, list(out)}, {1, nil}}}, 0, 0), nil, list(out)), "nobody sent it"},
		{"input behind imports", crossingWith(made(nil, 1, [][]event{{{1, nil}}, {{0, nil}}}, 0, 0), list(a), nil), ""},
	} {
		var p pairs
		if _, err := p.block(row.res); row.says == "" && err != nil || row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)) {
			t.Errorf("%s: %v, expected %q", row.name, err, row.says)
		}
	}
}

// TestCrossedConserves: what came adds to what a block found, what left to what it leaves, each with the gas that it bought.
func TestCrossedConserves(t *testing.T) {
	came, left := between(abroad(1), account(2), 30), between(account(1), abroad(2), 50)
	gas := 2 * (10 + uint64(gas.Bounce))
	record := func(balance uint64) []byte { return chain.Account{Balance: chain.NewAmount(balance)}.Encode() }
	change := func(n byte, before, after uint64) exec.Change {
		return exec.Change{Slot: exec.Slot{Account: account(n)}, Before: record(before), After: record(after)}
	}
	all := []exec.Change{change(1, gas+100, 50), change(2, 1, 1+30+gas)}
	for _, row := range []struct {
		name       string
		changes    []exec.Change
		came, left []*chain.Message
		ok         bool
	}{
		{"both", all, []*chain.Message{came}, []*chain.Message{left}, true},
		{"came and was lost", all[:1], []*chain.Message{came}, []*chain.Message{left}, false},
		{"left and stayed", all[1:], []*chain.Message{came}, []*chain.Message{left}, false},
		{"came from nowhere", all, nil, []*chain.Message{left}, false},
		{"left for nowhere", all, []*chain.Message{came}, nil, false},
		{"came twice", all, []*chain.Message{came, came}, []*chain.Message{left}, false},
	} {
		c := &compare{notes: newNotes(questions)}
		res := crossingWith(made(nil, 0, nil, 0, 0), row.came, row.left)
		res.Changes = row.changes
		if err := c.money(nil, res); (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
		if row.ok && (c.crossed.came != exec.Value(came) || c.crossed.left != exec.Value(left)) {
			t.Errorf("%s: %s", row.name, &c.crossed)
		}
	}
}
