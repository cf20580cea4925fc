package node

import (
	"flag"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

var seedFlag = flag.Uint64("seed", 0, "repeat the random tests with this seed")

// hostile is a message of account from that an attacker could sign: its fields are what a careless node trips over.
func hostile(n *Node, r *rand.Rand, from byte, accounts int) *chain.Message {
	pick := func(list ...uint64) uint64 { return list[r.IntN(len(list))] }
	to := testAddress(byte(1 + r.IntN(accounts+3))) // some don't exist
	switch r.IntN(8) {
	case 0:
		to = chain.SystemAddress(chain.Main)
	case 1:
		to = chain.SystemAddress(77)
	case 2:
		to[3] = 9 // another chain
	}
	v, err := n.Account(testAddress(from))
	if err != nil {
		return nil
	}
	m := payment(n, from, from, pick(0, 1, 1000, 1_000_000, 1<<40, math.MaxUint64), v.Next+pick(0, 0, 0, 0, 1, 63, 64))
	m.Method, m.GasPrice = chain.MethodTransfer, pick(0, 1, 1, 2, 1000, math.MaxUint64)
	m.ValidUntil = pick(0, n.Head().Header.Height+1, n.Head().Header.Height+3, math.MaxUint64)
	m.Input = chain.TransferInput{To: to}.Encode()
	if r.IntN(2) == 0 {
		method := []string{chain.MethodAdd, "bid", chain.MethodTransfer, "\xff\x00", strings.Repeat("m", chain.MaxMethodBytes)}[r.IntN(5)]
		input := make([]byte, pick(0, 1, 1025, chain.MaxInputBytes-200))
		m.Method = chain.MethodCall
		m.Input = chain.CallInput{To: to, Method: method, GasLimit: pick(0, gas.Handling, gas.Add, 1_000_000, math.MaxUint64), Input: input}.Encode()
	}
	m.GasLimit = exec.TransferGas(m)
	m.GasLimit = pick(0, exec.ExternalGas(m), m.GasLimit-1, m.GasLimit, 2*m.GasLimit, 2*m.GasLimit, chain.MaxMessageGas, math.MaxUint64)
	return m.Sign(testKey(from))
}

// Whatever is signed and submitted, the node goes on, another node accepts every block, nothing waits for good that can't
// run, and no money comes or goes.
func TestHostileTraffic(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with: go test ./runtime/node -run '^%s$' -seed %d", t.Name(), seed)
	r := rand.New(rand.NewPCG(seed, 0))
	const accounts, rich = 6, 1 << 44
	g := testGenesis(rich, 1, 2, 3, 4, 5, 6)
	g.Params.DepositPerAccount = uint64(r.IntN(2)) * 5000
	config := testConfig(t, g, "", Pace{Manual: true})
	config.BlockTime = []time.Duration{time.Microsecond, time.Millisecond, time.Second}[r.IntN(3)]
	maker, taker := open(t, config), open(t, testConfig(t, g, "", Pace{Manual: true}))
	defer closeNode(t, maker)
	defer closeNode(t, taker)
	taken := 0
	for range 60 {
		var raws [][]byte
		for range 30 {
			if m := hostile(maker, r, byte(1+r.IntN(accounts)), accounts); m != nil {
				raws = append(raws, m.Encode())
			}
		}
		for _, a := range maker.Submit(raws) {
			if a.Refused == nil {
				taken++
			}
		}
		follow(t, maker, taker)
	}
	for range 70 { // what is left runs, or waits behind a gap
		follow(t, maker, taker)
	}
	if taken < 100 {
		t.Errorf("only %d messages were taken", taken)
	}
	money := chain.Amount{}
	add := func(a chain.Amount, err error) {
		if err == nil {
			money, err = money.Add(a)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range byte(accounts + 3) {
		v, err := maker.Account(testAddress(i + 1))
		add(v.Account.Balance, err)
		add(v.Account.Deposit, nil)
	}
	fees, err := maker.store.State(maker.chain).Entry(chain.SystemAddress(maker.chain), chain.KeyFees)
	if err != nil {
		t.Fatal(err)
	}
	add(chain.DecodeAmount(fees))
	if money != chain.NewAmount(accounts*rich) {
		t.Errorf("%s issued, %s there", chain.NewAmount(accounts*rich), money)
	}
	t.Logf("%d messages taken, fees %x, height %d", taken, fees, maker.Head().Header.Height)
	if waiting := maker.Info().Waiting; waiting > accounts*64 {
		t.Errorf("%d wait", waiting)
	}
}

// follow makes a block, and lets taker judge and take it.
func follow(t *testing.T, maker, taker *Node) {
	t.Helper()
	if err := maker.Mine(1); err != nil {
		t.Fatal(err)
	}
	raw, err := maker.RawBlock(maker.Head().Header.Height)
	if err != nil {
		t.Fatal(err)
	}
	result, fault, err := taker.Verify(raw)
	if fault != nil || err != nil {
		t.Fatal(fault, err)
	}
	if err := taker.Take(result); err != nil {
		t.Fatal(err)
	}
	if maker.Head().Hash != taker.Head().Hash {
		t.Fatal("two honest nodes differ")
	}
}
