package cli

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// village is accounts with code on one chain, in memory, for calls of the engine without a node.
type village struct {
	engine   *wasm.Engine
	context  *exec.Context
	code     chain.CodeHash
	accounts map[chain.Address]*villager
}

type villager struct {
	chain.Account
	storage shelf
}

func newVillage(code []byte) (*village, error) {
	debug.SetGCPercent(heapPercent) // as a node has it
	engine, err := wasm.Open(wasm.Config{Source: func(chain.CodeHash) ([]byte, error) { return code, nil }})
	if err != nil {
		return nil, err
	}
	v := &village{engine: engine, context: solo(engine), code: chain.PublishInput{Code: code}.Hash(), accounts: map[chain.Address]*villager{}}
	v.context.Code = func(chain.CodeHash) (*chain.CodeEntry, error) { return &chain.CodeEntry{Height: 1}, nil }
	return v, nil
}

// relay is a message with plenty of gas.
func (v *village) relay(from, to chain.Address, method string, input []byte) *chain.Message {
	return &chain.Message{
		Kind: chain.Relay, From: from, To: to, Payer: from, GasLimit: chain.MaxMessageGas, GasPrice: 1, Method: method, Input: input,
		Parent: chain.MessageID{1}, Origin: chain.MessageID{2}, Depth: 1,
	}
}

// deploy makes an account with the code.
func (v *village) deploy(creator chain.Address, salt [32]byte, input []byte) (chain.Address, error) {
	to := chain.MadeAddress(chain.Main, creator, salt, v.code)
	v.accounts[to] = &villager{storage: shelf{}}
	return to, v.change(v.relay(creator, to, chain.MethodInit, chain.InitInput{Code: v.code, Salt: salt, Input: input}.Encode()))
}

// change handles a message, and its account becomes what comes of it.
func (v *village) change(m *chain.Message) error {
	at := v.accounts[m.To]
	o, err := v.apply(m.Seal())
	if err != nil {
		return err
	}
	at.Account = o.Account
	for _, w := range o.Writes {
		at.storage[w.Key] = w.Value
	}
	return nil
}

func (v *village) apply(m *chain.Message) (exec.Outcome, error) {
	at := v.accounts[m.To]
	o, err := exec.Apply(v.context, m.To, at.Account, at.storage, m)
	if err == nil && o.Status != chain.StatusOK {
		err = fmt.Errorf("%s: %s %s", m.Method, o.Status, o.Reason)
	}
	return o, err
}

// measure is the CPU time in µs of one of the calls, each of which finds its account as it is now.
func (v *village) measure(rounds, calls int, messages []*chain.Message) (float64, error) {
	for _, m := range messages {
		m.Seal()
	}
	var each []float64
	for range rounds + 1 {
		begin := cpu()
		for i := range calls {
			if _, err := v.apply(messages[i%len(messages)]); err != nil {
				return 0, err
			}
		}
		each = append(each, microsPer(cpu()-begin, calls))
	}
	return median(each[1:]), nil // the first warms up
}

func amountBytes(n uint64) []byte { return chain.NewAmount(n).Append(nil) }

// The token that benchmarks make: what its README calls symbol and decimals.
const benchDecimals = 2

// tokenID is what names a token, and the salt of its accounts.
func tokenID(issuer chain.Address, symbol string) [32]byte {
	return sha256.Sum256(append(wire.AppendBytes(slices.Clone(issuer[:]), []byte(symbol)), benchDecimals))
}

// tokenInit is the input of the init of an account of a token.
func tokenInit(issuer chain.Address, symbol string, supply uint64) []byte {
	b := wire.AppendBytes(slices.Clone(issuer[:]), []byte(symbol))
	return append(append(b, benchDecimals), amountBytes(supply)...)
}

func payInput(to chain.Address, amount uint64) []byte {
	return append(slices.Clone(to[:]), amountBytes(amount)...)
}

func benchAddress(n int) chain.Address {
	return chain.KeyAddress(chain.Main, benchKey(uint32(n)).Public())
}

// benchToken measures payments from the accounts of many tokens to many owners.
func benchToken(o wasmOptions) (map[string]float64, error) {
	code, err := o.module(tokenCode)
	if err != nil {
		return nil, err
	}
	v, err := newVillage(code)
	if err != nil {
		return nil, err
	}
	var messages []*chain.Message
	const issuers = 64
	for n := range issuers {
		issuer := benchAddress(n)
		at, err := v.deploy(issuer, tokenID(issuer, "BENCH"), tokenInit(issuer, "BENCH", 1<<40))
		if err != nil {
			return nil, err
		}
		for to := range 4 {
			messages = append(messages, v.relay(issuer, at, "pay", payInput(benchAddress(issuers+to), uint64(1+n))))
		}
	}
	us, err := v.measure(o.Rounds, o.Calls, messages)
	return map[string]float64{"rust_token_call_cpu_us": us}, errors.Join(err, v.engine.Close())
}

// benchAuction measures bids that beat another: they give its money back.
func benchAuction(o wasmOptions) (map[string]float64, error) {
	code, err := o.module(auctionCode)
	if err != nil || code == nil {
		return nil, err
	}
	v, err := newVillage(code)
	if err != nil {
		return nil, err
	}
	recorder, collector := benchAddress(0), benchAddress(1)
	var messages []*chain.Message
	for n := range byte(8) {
		at, err := v.deploy(recorder, [32]byte{n}, recorder[:])
		if err != nil {
			return nil, err
		}
		for round := range uint64(8) {
			lot := wire.AppendU64(wire.AppendBytes(slices.Clone(collector[:]), []byte("kitten")), round)
			offer := wire.AppendU64(append(slices.Clone(lot), amountBytes(5)...), 1<<40)
			first := v.relay(benchAddress(2), at, "bid", append(slices.Clone(lot), 0))
			first.Amount = chain.NewAmount(10)
			if err := errors.Join(v.change(v.relay(recorder, at, "offer", offer)), v.change(first)); err != nil {
				return nil, err
			}
			bid := v.relay(benchAddress(3+int(round)), at, "bid", append(slices.Clone(lot), 0))
			bid.Amount = chain.NewAmount(11 + round)
			messages = append(messages, bid)
		}
	}
	if o, err := v.apply(messages[0].Seal()); err == nil && (len(o.Sent) != 1 || len(o.Events) != 1) {
		return nil, fmt.Errorf("a bid sends %d messages and emits %d events", len(o.Sent), len(o.Events))
	}
	us, err := v.measure(o.Rounds, max(1, o.Calls/4), messages)
	return map[string]float64{"go_auction_call_cpu_us": us}, errors.Join(err, v.engine.Close())
}
