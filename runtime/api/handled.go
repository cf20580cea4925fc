package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// errUnshown: nothing shows that a message is final to who has the chains that are here. It may be, and be shown later: the parent doesn't know
// the committee yet, or has not recorded the block.
var errUnshown = errors.New("nothing shows it here")

// proveHandled adds to a final message what shows it to who has chain from, if that can be (?proof=FROM).
func (s *served) proveHandled(ctx context.Context, m *client.Message, from chain.ID) error {
	if m.State != client.StateFinal || m.Place == nil {
		return nil
	}
	return s.histories.read(ctx, func() error {
		k, err := s.histories.get(m.Place.Height)
		if err != nil {
			return err
		}
		h, err := s.handled(k, from)
		if errors.Is(err, relay.ErrNotCovered) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Place, err = k.receipts().Prove(int(m.Place.Event)); err != nil {
			return err
		}
		h.Receipt = *k.Events[m.Place.Event].Receipt
		m.Proof = h.Encode()
		return nil
	})
}

// handled is the proof of a block that is here.
func (s *served) handled(k *kept, from chain.ID) (*light.Handled, error) {
	tree, own := s.all()[0].node.Tree(), s.node.Chain()
	above := s.get(from)
	if above == nil || from == own || !tree.Below(own, from) || k.cert == nil {
		return nil, relay.ErrNotCovered
	}
	first, err := above.node.Certifies(tree.Toward(own, from))
	if err != nil || first == nil {
		return nil, errors.Join(relay.ErrNotCovered, err)
	}
	block, err := s.node.Sealed(k.height)
	if err != nil {
		return nil, err
	}
	chains := relay.NewChains()
	for _, one := range s.all() {
		chains.Add(one.node.Chain(), one.node.Relay())
	}
	return chains.Handled(tree, from, first.Epoch(), block)
}

// above is the lowest chain here above one that isn't.
func (s *Server) above(id chain.ID) *served {
	for _, up := range s.all()[0].node.Tree().Ancestors(id) {
		if one := s.get(up); one != nil {
			return one
		}
	}
	return s.all()[0]
}

// show holds another node's word that a message is final to its proof, and takes from that what it shows: the message itself, where it was handled
// and what came of it. Where in its account's σ it stands, and what was sent, stays a word. errUnshown: there is nothing to hold it to.
func (s *Server) show(id chain.ID, m *client.Message) error {
	if len(m.Proof) == 0 {
		return errUnshown
	}
	h, err := light.DecodeHandled(m.Proof)
	if err != nil {
		return err
	}
	above := s.above(id)
	network := above.node.Info().Network
	if m.Place == nil || h.Header.Network != network || h.Header.Chain != id || h.Receipt.Message != m.ID {
		return fmt.Errorf("the proof of message %s is of message %s on chain %d", m.ID, h.Receipt.Message, h.Header.Chain)
	}
	if len(m.Input) != m.InputBytes {
		return errUnshown // a publication, whose code is cut
	}
	if isSaid(m, network) != m.ID {
		return fmt.Errorf("message %s is told as another one", m.ID)
	}
	level, err := s.heldTo(above, &h)
	if err != nil {
		return err
	}
	m.Proof, m.Finality = nil, level
	m.Place.Chain, m.Place.Height, m.Place.Block, m.Place.Event = id, h.Header.Height, h.Header.Hash(), h.Place.Index
	m.Status, m.Reason, m.GasUsed, m.Fee = h.Receipt.Status, h.Receipt.Reason, h.Receipt.GasUsed, chain.Mul(h.Receipt.GasUsed, m.GasPrice)
	m.Events, m.MoreEvents = nil, 0
	for _, c := range h.Receipt.Events {
		m.Events = append(m.Events, client.ContractEvent{Topic: c.Topic, Body: c.Body})
	}
	return nil
}

// isSaid is the id of the message that an answer describes.
func isSaid(m *client.Message, network chain.NetworkID) chain.MessageID {
	is := chain.Message{
		Network: network, Kind: chain.External, From: m.From, To: m.To, Nonce: m.Nonce, ValidUntil: m.ValidUntil, Amount: m.Amount, GasLimit: m.GasLimit,
		GasPrice: m.GasPrice, Payer: m.Payer, Method: m.Method, Input: m.Input, Parent: m.Parent, Index: m.Index, Origin: m.Origin, Depth: m.Depth,
	}
	if m.Kind == client.KindRelay {
		is.Kind = chain.Relay
	}
	return is.ID()
}

// heldTo checks a proof by what a chain here shows, and says how final that makes the block.
func (s *Server) heldTo(above *served, h *light.Handled) (client.Finality, error) {
	tree := s.all()[0].node.Tree()
	if !h.IsCovered() {
		first, err := above.node.Certifies(tree.Toward(h.Header.Chain, above.node.Chain()))
		if err != nil {
			return "", err
		}
		if first == nil {
			return "", errUnshown
		}
		if err := h.Certified(tree, first); errors.Is(err, light.ErrStranger) {
			return "", fmt.Errorf("%w: %w", errUnshown, err)
		} else if err != nil {
			return "", err
		}
		return client.Final, nil
	}
	if h.From > above.node.Head().Header.Height {
		return "", errUnshown
	}
	at, err := above.node.Relay().Header(h.From)
	if errors.Is(err, relay.ErrNotHere) {
		return "", errUnshown
	}
	if err != nil {
		return "", err
	}
	start := light.Start{Network: h.Header.Network, Tree: tree, Chain: above.node.Chain(), Anchor: at.Anchor()}
	if err := h.Covered(&start); err != nil {
		return "", err
	}
	level, err := s.levels().of(spot{above.node.Chain(), h.From})
	if level == client.Final {
		level = client.Anchored
	}
	return level, err
}

// look is where a message stands at another node, with the proof if it is final, and the answer itself where that is none.
func (r *remote) look(ctx context.Context, id chain.MessageID, wait time.Duration) (m client.Message, other *reply, err error) {
	target := fmt.Sprintf("/messages/%s?proof=%d", id, r.above(r.id).node.Chain())
	if wait > 0 {
		target += "&wait=" + url.QueryEscape(wait.String())
	}
	a, err := r.askFor(ctx, id, r.id, passed{method: http.MethodGet, target: target}, wait)
	if err != nil || a.status != http.StatusOK {
		return m, &a, err
	}
	if bytes.Count(a.body, []byte("{")) > abroadObjects {
		return m, nil, unable(r.id, "answers with another message")
	}
	if err := json.Unmarshal(a.body, &m); err != nil || m.ID != id {
		return m, nil, unable(r.id, "answers with another message")
	}
	m.Elsewhere = true
	if m.State != client.StateFinal {
		return m, nil, nil
	}
	switch err := r.show(r.id, &m); {
	case err == nil:
		m.Elsewhere = false
	case !errors.Is(err, errUnshown):
		r.Log.Warn("a node says that a message is final, and what it shows for that is wrong", "chain", r.id, "message", id, "error", err)
		return m, nil, unable(r.id, "says that the message is final, and shows it wrongly")
	}
	m.Proof = nil
	return m, nil, nil
}

// showPause is the time until another node's word that a message is final is asked for again, with what shows it.
const showPause = 100 * time.Millisecond

// await is where a message stands there when it is settled, or ctx ends. Another node's word alone makes nothing final.
func (r *remote) await(ctx context.Context, id chain.MessageID) (client.Message, error) {
	m, other, err := r.awaitOr(ctx, id)
	switch {
	case err != nil || other == nil:
		return m, err
	case other.status == http.StatusNotFound:
		return m, node.ErrUnknown
	}
	return m, unable(r.id, fmt.Sprintf("answers with status %d", other.status))
}

// awaitOr is await that also returns an answer which is none.
func (r *remote) awaitOr(ctx context.Context, id chain.MessageID) (client.Message, *reply, error) {
	unshown := client.Message{ID: id, State: client.StateQueued, Waits: &client.Waits{For: client.WaitsElsewhere, On: r.id}, Elsewhere: true}
	for said := false; ; said = true {
		wait := r.Limits.Poll
		if ends, ok := ctx.Deadline(); ok {
			wait = min(wait, time.Until(ends))
		}
		if wait <= 0 && said {
			return unshown, nil, nil
		}
		if wait <= 0 {
			return client.Message{}, nil, context.DeadlineExceeded
		}
		m, other, err := r.look(context.WithoutCancel(ctx), id, wait)
		if err != nil || other != nil || m.State != client.StateFinal || !m.Elsewhere {
			return m, other, err
		}
		select {
		case <-time.After(showPause):
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return unshown, nil, nil
		}
	}
}

// passMessage answers where a message of a chain that isn't here stands.
func (s *Server) passMessage(w http.ResponseWriter, q *http.Request, id chain.ID, m chain.MessageID, wait time.Duration) error {
	r := &remote{s, id}
	var a client.Message
	var other *reply
	var err error
	if wait > 0 {
		ctx, cancel := context.WithTimeout(q.Context(), wait)
		defer cancel()
		a, other, err = r.awaitOr(ctx, m)
	} else {
		a, other, err = r.look(q.Context(), m, 0)
	}
	if err != nil {
		return err
	}
	if other != nil {
		s.answerBytes(w, other.status, other.kind, other.body)
		return nil
	}
	s.answer(w, http.StatusOK, a)
	return nil
}

// provenFrom reads ?proof=: the number of a chain above.
func provenFrom(q *http.Request) (chain.ID, error) {
	text := q.URL.Query().Get("proof")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return 0, badRequest("proof=%q: it must be the number of a chain above the message's", clip(text))
	}
	return chain.ID(n), nil
}

// receipts is the tree of the block's receipts.
func (k *kept) receipts() *merkle.Fixed {
	k.proves.Do(func() {
		leaves := make([]merkle.Hash, len(k.Events))
		for i := range k.Events {
			leaves[i] = merkle.LeafHash(k.Events[i].Receipt.Append(nil))
		}
		k.tree = merkle.NewFixed(leaves)
	})
	return k.tree
}
