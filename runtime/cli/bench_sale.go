package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/guest"
)

// The accounts of a sale with a task, by the numbers of their keys: who founds contracts on each chain, and the seller on the first.
const (
	saleFounder = math.MaxUint32 - 1 - iota
	saleSeller
)

// sale is an auction under test. Its contracts are those of examples/auction.
type sale struct {
	*benchTree
	o           auctionBench
	modules     map[string][]byte
	nonces      map[chain.Address]uint64
	recorder    chain.Address
	collector   chain.Address
	auctioneers []chain.Address
	codes       map[string]chain.CodeHash
	start       map[chain.ID]uint64 // heights before the first bid
	before      chain.Amount        // what bidders and the seller had then, with the fees until then
	seller      chain.Amount        // its part of that
	best        uint64
}

// lotOf is how the contracts name what is sold.
type lotOf struct {
	Collector guest.Address
	Kitten    string
	Round     uint64
}

const benchKitten = "tom"

func (s *sale) lot() lotOf { return lotOf{guest.Address(s.collector), benchKitten, 1} }

// modules reads the contracts.
func (o auctionBench) modules() (map[string][]byte, error) {
	list := map[string][]byte{}
	for _, name := range []string{"collector", "auctioneer", "recorder"} {
		code, err := os.ReadFile(filepath.Join(o.Contracts, name, name+".wasm"))
		if err != nil {
			return nil, err
		}
		list[name] = code
	}
	return list, nil
}

// openSale sets the auction up, up to the sale.
func (o auctionBench) openSale(dir string) (*sale, error) {
	modules, err := o.modules()
	if err != nil {
		return nil, err
	}
	g := o.genesis()
	for i := range g.Chains {
		at := &g.Chains[i]
		for _, n := range []uint32{saleFounder, saleSeller} {
			at.Accounts = append(at.Accounts, chain.GenesisAccount{Address: payerAddress(at.Chain, n), Balance: chain.NewAmount(1 << 60)})
		}
		sortAccounts(at.Accounts)
	}
	t, err := o.open(o.path(dir), g)
	if err != nil {
		return nil, err
	}
	s := &sale{
		benchTree: t, o: o, modules: modules, nonces: map[chain.Address]uint64{}, codes: map[string]chain.CodeHash{},
		start: map[chain.ID]uint64{},
	}
	if err := s.found(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	for _, n := range s.Nodes() {
		s.start[n.Chain()] = n.Head().Header.Height
	}
	if err := s.settle(s.carry); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.seller, err = s.balance(payerAddress(business(0), saleSeller)); err == nil {
		s.before, err = s.all()
	}
	return s, err
}

// found publishes the contracts, makes their accounts, and puts the kitten up for sale.
func (s *sale) found() error {
	for i := range s.o.Chains {
		for _, name := range []string{"recorder", "auctioneer", "collector"} {
			if i > 0 && name != "auctioneer" {
				continue
			}
			in := chain.PublishInput{Code: s.modules[name]}
			s.codes[name] = in.Hash()
			if err := s.send(business(i), saleFounder, chain.MethodPublish, in.Encode(), 0, chain.MaxMessageGas); err != nil {
				return fmt.Errorf("publish %s: %w", name, err)
			}
		}
		for range chain.CodeDelay {
			in := chain.TransferInput{To: payerAddress(business(i), saleFounder)}
			if err := s.send(business(i), saleFounder, chain.MethodTransfer, in.Encode(), 1, 0); err != nil {
				return err
			}
		}
	}
	first := business(0)
	var err error
	if s.recorder, err = s.deploy(first, "recorder", 0, guest.Encode(struct{ Grace uint64 }{60_000})); err != nil {
		return err
	}
	in := struct{ Recorder guest.Address }{guest.Address(s.recorder)}
	all := struct {
		Recorder    guest.Address
		Auctioneers []guest.Address
	}{Recorder: in.Recorder}
	for i := range s.o.Auctioneers {
		a, err := s.deploy(business(i%s.o.Chains), "auctioneer", byte(i), guest.Encode(in))
		if err != nil {
			return err
		}
		s.auctioneers, all.Auctioneers = append(s.auctioneers, a), append(all.Auctioneers, guest.Address(a))
	}
	if s.collector, err = s.deploy(first, "collector", 0, guest.Encode(all)); err != nil {
		return err
	}
	return s.offer()
}

// offer puts the kitten up for sale, and waits until all auctioneers know.
func (s *sale) offer() error {
	first := business(0)
	if err := s.call(first, saleSeller, s.collector, "register", guest.Encode(struct{ Kitten string }{benchKitten}), 0); err != nil {
		return err
	}
	end := uint64(time.Now().Add(time.Hour).UnixMilli())
	in := guest.Encode(struct {
		Kitten  string
		Reserve guest.Amount
		End     uint64
	}{benchKitten, guest.NewAmount(1), end})
	if err := s.call(first, saleSeller, s.collector, "sell", in, 0); err != nil {
		return err
	}
	if err := s.carry(); err != nil {
		return err
	}
	for _, a := range s.auctioneers {
		n := s.Node(a.Chain())
		if err := awaitBlock(n, func() bool {
			q := exec.Question{Method: "stage", Input: guest.Encode(struct{ Lot lotOf }{s.lot()}), GasLimit: 10_000_000}
			is, _, err := n.Query(context.Background(), a, q)
			return err == nil && is.Status == chain.StatusOK && len(is.Output) == 1 && is.Output[0] > 0
		}); err != nil {
			return err
		}
	}
	return nil
}

// message is a signed one of a key's account.
func (s *sale) message(on chain.ID, key uint32, method string, input []byte, amount, units uint64) *chain.Message {
	from := payerAddress(on, key)
	m := &chain.Message{
		Network: s.network.Network(), Kind: chain.External, From: from, To: from, Payer: from, Nonce: s.nonces[from], ValidUntil: math.MaxUint64,
		GasPrice: s.o.GasPrice, Amount: chain.NewAmount(amount), Method: method, Input: input, Proof: make([]byte, 96),
	}
	s.nonces[from]++
	switch {
	case method == chain.MethodTransfer:
		m.GasLimit = exec.TransferGas(m)
	case method == chain.MethodPublish:
		m.GasLimit = units
	default:
		m.GasLimit = exec.ExternalGas(m) + units
	}
	return m.Sign(benchKey(key))
}

// send has a message of a key's account processed; it must succeed.
func (s *sale) send(on chain.ID, key uint32, method string, input []byte, amount, units uint64) error {
	return s.process(on, s.message(on, key, method, input, amount, units))
}

// process waits for a message, which must succeed with what it sends on its chain.
func (s *sale) process(on chain.ID, m *chain.Message) error {
	if err := final(s.Node(on), m); err != nil {
		return err
	}
	is, err := s.Node(on).Message(m.ID())
	if err != nil {
		return err
	}
	h, _, err := s.Node(on).Block(is.Final.Height)
	if err != nil {
		return err
	}
	for _, e := range h.Events {
		if (e.Message.ID() == m.ID() || e.Message.Parent == m.ID()) && e.Receipt.Status != chain.StatusOK {
			return fmt.Errorf("%s: %s %s", e.Message.Method, e.Receipt.Status, e.Receipt.Reason)
		}
	}
	return nil
}

// saleGas is enough for every call here, with all that follows: the hammer at as many auctioneers as there may be.
const saleGas = 60_000_000

// callOf is a call by a key's account.
func (s *sale) callOf(on chain.ID, key uint32, to chain.Address, method string, input []byte, amount, units uint64) *chain.Message {
	in := chain.CallInput{To: to, Method: method, GasLimit: units, Input: input}
	more := exec.SendGas(&chain.Sent{Method: method, Input: input}) + units + gas.Bounce
	return s.message(on, key, chain.MethodCall, in.Encode(), amount, more)
}

func (s *sale) call(on chain.ID, key uint32, to chain.Address, method string, input []byte, amount uint64) error {
	return s.process(on, s.callOf(on, key, to, method, input, amount, saleGas))
}

// deploy makes an account with code.
func (s *sale) deploy(on chain.ID, contract string, salt byte, input []byte) (chain.Address, error) {
	in := chain.DeployInput{Code: s.codes[contract], Salt: [32]byte{salt + 1}, GasLimit: saleGas, Input: input}
	init := chain.Sent{Method: chain.MethodInit, Input: chain.InitInput{Code: in.Code, Salt: in.Salt, Input: in.Input}.Encode()}
	a := chain.MadeAddress(on, payerAddress(on, saleFounder), in.Salt, in.Code)
	if err := s.send(on, saleFounder, chain.MethodDeploy, in.Encode(), 0, saleGas+exec.SendGas(&init)+gas.Bounce); err != nil {
		return a, err
	}
	is, err := s.Node(on).Account(a)
	if err == nil && is.Account.Code == (chain.CodeHash{}) {
		err = fmt.Errorf("%s was not made", contract)
	}
	return a, err
}

// bids are those of random bidders, of random amounts: at an auctioneer of their own chain, but for a share.
func (s *sale) bids() traffic {
	t := make(traffic, s.o.Chains)
	random := rand.New(rand.NewPCG(uint64(s.o.Seed), 2))
	for range s.o.Bids {
		i := random.IntN(s.o.Chains)
		at := s.auctioneers[i+s.o.Chains*random.IntN(s.o.Auctioneers/s.o.Chains)]
		if s.o.Chains > 1 && random.Float64() < s.o.Across {
			at = s.auctioneers[(i+1+random.IntN(s.o.Chains-1))%s.o.Chains]
		}
		amount := 1 + random.Uint64N(1<<40)
		s.best = max(s.best, amount)
		in := guest.Encode(struct {
			Lot  lotOf
			Tell bool
		}{s.lot(), false})
		m := s.callOf(business(i), uint32(random.IntN(s.o.Accounts)), at, "bid", in, amount, 1_000_000)
		t[i] = append(t[i], m.Encode())
	}
	return t
}

// hammer ends the sale, and waits until the seller has the price.
func (s *sale) hammer() error {
	in := guest.Encode(struct{ Kitten string }{benchKitten})
	if err := s.call(business(0), saleSeller, s.collector, "hammer", in, 0); err != nil {
		return err
	}
	for {
		if err := s.carry(); err != nil {
			return err
		}
		first := s.Node(business(0))
		height := first.Head().Header.Height
		if paid, err := s.paid(); paid || err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		err := first.AwaitAbove(ctx, height)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}

// paid says whether the seller has the best bid, but for what it paid for the hammer.
func (s *sale) paid() (bool, error) {
	want, err := s.seller.Add(chain.NewAmount(s.best))
	if err != nil {
		return false, err
	}
	if want, err = want.Sub(chain.Mul(2*saleGas, s.o.GasPrice)); err != nil {
		return false, err
	}
	has, err := s.balance(payerAddress(business(0), saleSeller))
	return !has.Less(want), err
}

// all is what bidders and the seller have, and what was paid in fees on their chains.
func (s *sale) all() (sum chain.Amount, err error) {
	add := func(n chain.Amount, failed error) {
		if err = errors.Join(err, failed); err == nil {
			sum, err = sum.Add(n)
		}
	}
	add(s.balance(payerAddress(business(0), saleSeller)))
	for i := range s.o.Chains {
		for n := range uint32(s.o.Accounts) {
			add(s.balance(payerAddress(business(i), n)))
		}
		raw, failed := s.Node(business(i)).Entry(chain.SystemAddress(business(i)), chain.KeyFees)
		add(chain.Amount{}, failed)
		add(chain.DecodeAmount(raw))
	}
	return sum, err
}

func (s *sale) balance(a chain.Address) (chain.Amount, error) {
	is, err := s.Node(a.Chain()).Account(a)
	return is.Account.Balance, err
}

// judge holds the end to what it must be, once all that is under way has arrived: the seller has the price and the kitten no more, the
// contracts have nothing left, and so the bidders have all that they had but the price and their fees: no unit is missing.
func (s *sale) judge() error {
	if err := s.settle(s.carry); err != nil {
		return err
	}
	if paid, err := s.paid(); !paid || err != nil {
		return fmt.Errorf("the seller doesn't have %d (%w)", s.best, errors.Join(err))
	}
	most, err := s.seller.Add(chain.NewAmount(s.best))
	if has, failed := s.balance(payerAddress(business(0), saleSeller)); err != nil || failed != nil || most.Less(has) {
		return fmt.Errorf("the seller has %s, more than %s (%w)", has, most, errors.Join(err, failed))
	}
	for _, a := range append([]chain.Address{s.recorder, s.collector}, s.auctioneers...) {
		if left, err := s.balance(a); err != nil || !left.IsZero() {
			return fmt.Errorf("the contract %s is left with %s (%w)", a, left, errors.Join(err))
		}
	}
	if is, err := s.all(); err != nil || is != s.before {
		return fmt.Errorf("bidders, the seller and fees come to %s, and were %s (%w)", is, s.before, errors.Join(err))
	}
	q := exec.Question{Method: "kitten", Input: guest.Encode(struct{ Kitten string }{benchKitten}), GasLimit: 10_000_000}
	is, _, err := s.Node(business(0)).Query(context.Background(), s.collector, q)
	seller := payerAddress(business(0), saleSeller)
	if err == nil && (is.Status != chain.StatusOK || bytes.HasPrefix(is.Output, seller[:])) {
		err = fmt.Errorf("the kitten was not sold: %s", is.Status)
	}
	return err
}

// gasUsed is that of all that was handled since the first bid.
func (s *sale) gasUsed() (sum uint64, err error) {
	for _, n := range s.Nodes()[1:] {
		for height := s.start[n.Chain()] + 1; height <= n.Head().Header.Height; height++ {
			h, err := n.Relay().Header(height)
			if err != nil {
				return 0, err
			}
			sum += h.GasUsed
		}
	}
	return sum, nil
}
