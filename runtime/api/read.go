package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// gasTable is the part of exec's table that who makes messages needs.
func gasTable() client.Gas {
	return client.Gas{
		External: exec.ExternalGas(&chain.Message{}), Send: exec.SendGas(&chain.Sent{}), PerByte: chain.GasPerByte,
		Handling: gas.Handling, Add: gas.Add, Bounce: gas.Bounce, Most: chain.MaxMessageGas,
		PublishByte: gas.PublishByte, PublishComplexity: gas.PublishComplexity, MaxComplexity: module.MaxComplexity,
	}
}

func (s *served) getInfo(w http.ResponseWriter, _ *http.Request) error {
	in := s.node.Info()
	h := in.Head.Header
	var behind *client.CatchUp
	if p := s.node.CatchUp(); p.Active {
		behind = &client.CatchUp{Target: p.Target, Rate: p.Rate}
	}
	s.answer(w, http.StatusOK, client.Info{
		First: s.node.First(), CatchUp: behind,
		Version: s.Version, Name: in.Genesis.Name, Network: in.Network, Chain: in.Chain, Height: h.Height, Block: in.Head.Hash,
		StateRoot: h.Roots.State, TimeMillis: h.TimeMillis, GenesisMillis: in.Genesis.TimeMillis, Finality: client.Final,
		Params: client.Params(in.Params), Gas: gasTable(), Pace: in.Pace.String(), Waiting: in.Waiting, Resident: in.Resident,
		Entries: in.Entries, UptimeMillis: in.Uptime.Milliseconds(), Dir: in.Dir, Dev: s.Dev, Chains: len(s.node.Tree()),
	})
	return nil
}

func (s *served) getAccount(w http.ResponseWriter, q *http.Request) error {
	address, err := s.address(q)
	if err != nil {
		return err
	}
	live, err := s.node.Account(address)
	if err != nil {
		return err
	}
	a := client.Account{Address: address, Chain: address.Chain(), Waiting: live.Waiting, NextNonce: live.Next, Finality: client.Final}
	a.SetRecord(live.Account)
	setHead(&a, live.Head)
	switch q.URL.Query().Get("proof") {
	case "", "0":
	case "1":
		if err := s.prove(&a); err != nil {
			return err
		}
	default:
		return badRequest("proof=%q: it must be 0 or 1", clip(q.URL.Query().Get("proof")))
	}
	s.answer(w, http.StatusOK, a)
	return nil
}

func setHead(a *client.Account, h node.Head) { a.Height, a.Block = h.Header.Height, h.Hash }

// prove replaces what a says of the record by what the state tree proves, of one height with its header.
func (s *served) prove(a *client.Account) error {
	p, err := s.node.Prove(a.Address)
	if err != nil {
		return err
	}
	var record chain.Account
	if len(p.Record) > 0 {
		if record, err = chain.DecodeAccount(p.Record); err != nil {
			return err
		}
	}
	a.SetRecord(record)
	setHead(a, p.Head)
	a.NextNonce = max(a.NextNonce, a.Nonce)
	a.Proof = &client.Proof{Header: p.Head.Header.Append(nil), Record: p.Record, Path: p.Path.Append(nil)}
	cert, err := s.node.Certificate(p.Head.Header.Height)
	if cert != nil {
		a.Proof.Certificate = cert.Append(nil)
	}
	return err
}

func (s *served) getCommittee(w http.ResponseWriter, _ *http.Request) error {
	c, head, err := s.node.Committee()
	if err != nil {
		return err
	}
	a := client.Committee{
		Network: head.Header.Network, Chain: head.Header.Chain, Epoch: head.Header.Epoch, Height: head.Header.Height, Hash: head.Header.Next, Silent: c.Silent,
		Proposer: head.Header.Proposer, Seats: []client.Seat{},
	}
	if len(c.Seats) > 0 {
		q := c.Quorums()
		a.Quorums = client.Quorums{Faulty: q.Faulty, Certificate: q.Certificate, Early: q.Early, Timeouts: q.Timeouts}
		a.Raw = c.Append(nil)
	}
	for i, seat := range c.Seats {
		a.Seats = append(a.Seats, client.Seat{Seat: i, Node: seat.Node, Key: seat.Key})
	}
	s.answer(w, http.StatusOK, a)
	return nil
}

// height reads {height}: a number, or latest.
func (s *served) height(q *http.Request) (uint64, error) {
	text := q.PathValue("height")
	if text == "latest" {
		return s.node.Head().Header.Height, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, badRequest("height %q: it must be a number, or latest", clip(text))
	}
	return n, nil
}

func (s *served) getBlock(w http.ResponseWriter, q *http.Request) error {
	height, err := s.height(q)
	if err != nil {
		return err
	}
	from, err := number(q, "from", 0)
	if err != nil {
		return err
	}
	var b client.Block
	err = s.histories.read(q.Context(), func() error {
		k, err := s.blockAt(height)
		if err != nil {
			return err
		}
		b = k.summary()
		if b.Finality, err = s.levels().of(spot{b.Chain, height}); err != nil {
			return err
		}
		if from > b.Events {
			return badRequest("from=%d: block %d has %d messages", from, height, b.Events)
		}
		to := min(from+pageEvents, b.Events)
		b.From, b.Messages = from, make([]client.Message, 0, to-from)
		for i := from; i < to; i++ {
			b.Messages = append(b.Messages, k.final(i, brief))
		}
		if to < b.Events {
			b.Next = to
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.answer(w, http.StatusOK, b)
	return nil
}

func (s *served) getRawBlock(w http.ResponseWriter, q *http.Request) error {
	height, err := s.height(q)
	if err != nil {
		return err
	}
	var raw []byte
	err = s.histories.read(q.Context(), func() error {
		k, err := s.blockAt(height)
		if err == nil {
			raw = k.raw
		}
		return err
	})
	if err != nil {
		return err
	}
	s.answerBytes(w, http.StatusOK, "application/octet-stream", raw)
	return nil
}

// blockAt is a final block; call it inside of histories.read.
func (s *served) blockAt(height uint64) (*kept, error) {
	k, err := s.histories.get(height)
	if errors.Is(err, store.ErrNotFound) {
		return nil, unknownBlock(height, s.node.Head().Header.Height)
	}
	if errors.Is(err, store.ErrPruned) {
		return nil, &client.Error{
			Code: client.CodeUnknownBlock, Status: http.StatusNotFound,
			Message: fmt.Sprintf("block %d is not here: this node has the blocks from %d on", height, s.node.First()), Hint: "ask a node that has all blocks",
		}
	}
	return k, err
}

func unknownBlock(height, head uint64) *client.Error {
	return &client.Error{
		Code: client.CodeUnknownBlock, Status: http.StatusNotFound,
		Message: fmt.Sprintf("block %d is not known: the head is %d", height, head), Hint: "GET /v1/blocks?after= tells of new ones",
	}
}

// number reads a count from the query.
func number(q *http.Request, name string, otherwise int) (int, error) {
	text := q.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, badRequest("%s=%q: it must be a whole number", name, clip(text))
	}
	return n, nil
}

// mine makes blocks on demand.
func (s *served) mine(w http.ResponseWriter, q *http.Request) error {
	if s.Dev == nil {
		return &client.Error{
			Code: client.CodeNotDev, Status: http.StatusForbidden,
			Message: "blocks are made on demand by development networks only", Hint: "start one with thinkey dev",
		}
	}
	n, err := number(q, "blocks", 1)
	if err != nil {
		return err
	}
	if n < 1 || n > maxMine {
		return badRequest("blocks=%d: it must be 1 to %d", n, maxMine)
	}
	if err := s.polls.enter(""); err != nil {
		return err
	}
	defer s.polls.leave("")
	for range n {
		if err := q.Context().Err(); err != nil {
			return err
		}
		err := s.node.Mine(1)
		if errors.Is(err, node.ErrAgreed) {
			return &client.Error{Code: client.CodeAgreed, Status: http.StatusConflict, Message: err.Error(), Hint: "send a message, or wait for the next heartbeat"}
		}
		if err != nil {
			return err
		}
	}
	h := s.node.Head()
	s.answer(w, http.StatusOK, client.Mined{Height: h.Header.Height, Block: h.Hash})
	return nil
}
