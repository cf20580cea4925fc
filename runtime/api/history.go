package api

import (
	"container/list"
	"context"
	"errors"
	"math"
	"sync"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// histories are committed blocks with their events. Reading one costs as much as decoding and hashing all of it, and a
// thousand callers may ask for messages of the same one: each is read once while it is kept.
type histories struct {
	block       func(height uint64) (*block.History, []byte, error) // reads one
	certificate func(height uint64) (*chain.Certificate, error)     // of one; nil for none
	limit       int                                                 // on the encoded length of what is kept
	reading

	mu    sync.Mutex // guards all below
	known map[uint64]*list.Element
	used  *list.List // of *kept, the last used first
	bytes int
}

// kept is one block.
type kept struct {
	height uint64
	size   int       // of raw, 0 while it is being read; guarded by histories.mu
	once   sync.Once // of all below
	*block.History
	hash chain.BlockHash
	raw  []byte
	cert *client.Certificate
	err  error

	proves sync.Once // of tree
	tree   *merkle.Fixed
}

func newHistories(n *node.Node, limit int, r reading) *histories {
	return &histories{
		block: n.Block, certificate: n.Certificate, limit: limit, reading: r, known: make(map[uint64]*list.Element), used: list.New(),
	}
}

// reading bounds those who look at blocks, of all chains together (N2).
type reading struct {
	readers *turns        // those who look at blocks now
	loads   chan struct{} // those among them whose block is not kept yet
}

func newReading(readers int) reading {
	return reading{newTurns(readers), make(chan struct{}, loadsAtOnce)}
}

// read calls f, which may call get, when there is a place for it (N2). f must not wait for anything.
func (r reading) read(ctx context.Context, f func() error) error {
	return r.readers.do(ctx, f)
}

// errUnread is the answer for a block whose reading panicked.
var errUnread = errors.New("block could not be read")

// get is the block at a height.
func (h *histories) get(height uint64) (*kept, error) {
	k := h.entry(height)
	k.once.Do(func() {
		h.loads <- struct{}{}
		defer func() { <-h.loads }()
		k.err = errUnread
		k.History, k.raw, k.err = h.block(height)
		if k.err == nil {
			k.hash = k.Block.Header.Hash()
			k.cert, k.err = h.certificateOf(k)
		}
		h.loaded(k)
	})
	return k, k.err
}

// certificateOf is what made the block final; nil if that needs none.
func (h *histories) certificateOf(k *kept) (*client.Certificate, error) {
	if h.certificate == nil {
		return nil, nil
	}
	cert, err := h.certificate(k.height)
	if err != nil || cert == nil {
		return nil, err
	}
	return client.DescribeCertificate(&k.Block.Header, cert), nil
}

func (h *histories) entry(height uint64) *kept {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e, ok := h.known[height]; ok {
		h.used.MoveToFront(e)
		return e.Value.(*kept)
	}
	k := &kept{height: height}
	h.known[height] = h.used.PushFront(k)
	return k
}

// loaded counts what was read, and forgets what was not used for longest. An error is not kept.
func (h *histories) loaded(k *kept) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k.err != nil {
		h.used.Remove(h.known[k.height])
		delete(h.known, k.height)
		return
	}
	k.size = len(k.raw)
	h.bytes += k.size
	for e := h.used.Back(); e != nil && h.bytes > h.limit; {
		old, before := e.Value.(*kept), e.Prev()
		if old != k && old.size > 0 {
			h.bytes -= old.size
			h.used.Remove(e)
			delete(h.known, old.height)
		}
		e = before
	}
}

// summary is the block without its messages.
func (k *kept) summary() client.Block {
	h := &k.Block.Header
	b := client.Block{
		Chain: h.Chain, Height: h.Height, Hash: k.hash, Parent: h.Parent, Finality: client.Final, Epoch: h.Epoch, Round: h.Round,
		Proposer: h.Proposer, TimeMillis: h.TimeMillis, Roots: client.Roots(h.Roots), GasUsed: h.GasUsed, Load: h.Load, Bytes: len(k.raw),
		Certificate: k.cert, Inputs: len(k.Block.Inputs), Accounts: len(k.Block.Order), Events: len(k.Events), Queued: len(k.Queued),
	}
	for i := range k.Events {
		if k.Events[i].Receipt.Status.IsFailure() {
			b.Failed++
		}
	}
	return b
}

// final is the message of an event, cut to a length.
func (k *kept) final(event int, cut length) client.Message {
	e := &k.Events[event]
	m := describe(e.Message, cut)
	m.State, m.Finality = client.StateFinal, client.Final
	m.Place = &client.Place{
		Chain: k.Block.Header.Chain, Height: k.height, Block: k.hash, Account: e.Account, Index: e.Place, Event: uint32(event),
	}
	m.Joined = e.Joined
	receive(&m, e.Receipt, cut)
	for _, sent := range e.Sent {
		m.Sent = append(m.Sent, sent.ID())
	}
	return m
}

// receive says what came of a message.
func receive(m *client.Message, r *chain.Receipt, cut length) {
	m.Status, m.Reason, m.GasUsed = r.Status, r.Reason, r.GasUsed
	m.Fee = chain.Mul(m.GasUsed, m.GasPrice)
	for i, c := range r.Events {
		if cut.events -= len(c.Topic) + len(c.Body); cut.events < 0 {
			m.MoreEvents = len(r.Events) - i
			break
		}
		m.Events = append(m.Events, client.ContractEvent{Topic: c.Topic, Body: c.Body})
	}
}

// queued is the message with the id in the pending queue that the block left, or nil.
func (k *kept) queued(id chain.MessageID) *chain.Message {
	for _, n := range k.Queued {
		if m := k.Messages[n]; m.ID() == id {
			return m
		}
	}
	return nil
}

// length says how much of a message is answered, in bytes.
type length struct{ input, events int }

var (
	// whole answers all but the code of a publication, which has a route of its own.
	whole = length{chain.MaxMessageBytes, math.MaxInt}
	// brief is for where many are answered at once: 10,000 of the longest would be a gigabyte.
	brief = length{cutInput, cutInput}
)

// describe is what a message says itself.
func describe(m *chain.Message, cut length) client.Message {
	kind := client.KindExternal
	if m.Kind == chain.Relay {
		kind = client.KindRelay
	}
	return client.Message{
		ID: m.ID(), Kind: kind, From: m.From, To: m.To, Method: m.Method, Amount: m.Amount, Nonce: m.Nonce, ValidUntil: m.ValidUntil,
		GasLimit: m.GasLimit, GasPrice: m.GasPrice, Payer: m.Payer, Input: m.Input[:min(len(m.Input), cut.input)], InputBytes: len(m.Input),
		Parent: m.Parent, Index: m.Index, Origin: m.Root(), Depth: m.Depth,
	}
}
