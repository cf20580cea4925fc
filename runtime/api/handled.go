package api

import (
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

// proveHandled adds to a final message what shows it to who has chain from, if that can be (?proof=FROM).
func (s *served) proveHandled(ctx context.Context, m *client.Message, from chain.ID) error {
	if m.State != client.StateFinal || m.Place == nil {
		return nil
	}
	var k *kept
	var receipt light.Handled
	err := s.histories.read(ctx, func() (err error) {
		if k, err = s.histories.get(m.Place.Height); err != nil {
			return err
		}
		receipt.Receipt = *k.Events[m.Place.Event].Receipt
		receipt.Place, err = k.receipts().Prove(int(m.Place.Event))
		return err
	})
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
	h.Receipt, h.Place = receipt.Receipt, receipt.Place
	m.Proof = h.Encode()
	return nil
}

// handled is the proof of a block that is here, but for the receipt.
func (s *served) handled(k *kept, from chain.ID) (*light.Handled, error) {
	tree, own := s.all()[0].node.Tree(), s.node.Chain()
	above := s.get(from)
	if above == nil || from == own || !tree.Below(own, from) || k.cert == nil {
		return nil, relay.ErrNotCovered
	}
	known, next, err := above.node.Child(tree.Toward(own, from))
	if err != nil {
		return nil, err
	}
	if len(next.Seats) == 0 {
		return nil, relay.ErrNotCovered
	}
	block, err := s.node.Sealed(k.height)
	if err != nil {
		return nil, err
	}
	chains := relay.NewChains()
	for _, one := range s.all() {
		chains.Add(one.node.Chain(), one.node.Relay())
	}
	return chains.Handled(tree, from, known, block)
}

// errWrong: what another node shows for a message is wrong.
var errWrong = errors.New("is shown wrongly")

// show holds another node's word that a message is final to its proof, and returns what that shows, and of the word alone where in its account's σ
// the message stands, and what was sent. Of a message that is told cut, which a publication is, whose it is is a word, too, and the rest left out. light.ErrUnshown: there
// is nothing to hold it to.
func (s *Server) show(on chain.ID, above *served, word *client.Message) (m client.Message, err error) {
	if len(word.Proof) == 0 {
		return m, light.ErrUnshown
	}
	h, err := light.DecodeHandled(word.Proof)
	if err != nil {
		return m, fmt.Errorf("%w: %w", errWrong, err)
	}
	network := above.node.Info().Network
	is, id := isSaid(word, network), word.ID
	switch {
	case word.Place == nil || h.Header.Network != network || h.Header.Chain != on || h.Receipt.Message != id:
		return m, fmt.Errorf("message %s %w: the proof is of message %s on chain %d", id, errWrong, h.Receipt.Message, h.Header.Chain)
	case len(word.Input) != word.InputBytes:
		m = client.Message{ID: id}
	case is.ID() != id || is.To.Chain() != on:
		return m, fmt.Errorf("message %s %w: it is told as another one", id, errWrong)
	default:
		m = describe(is, whole)
	}
	if m.Finality, err = s.heldTo(above, &h); err != nil {
		return m, err
	}
	m.State = client.StateFinal
	m.Place = &client.Place{Chain: on, Height: h.Header.Height, Block: h.Header.Hash(), Account: m.To, Index: word.Place.Index, Event: h.Place.Index}
	if m.To.IsZero() { // no address in JSON
		m.From, m.To, m.Payer, m.Place.Account = word.From, word.To, word.Payer, word.To
	}
	receive(&m, &h.Receipt, whole)
	m.Joined, m.Sent = word.Joined, word.Sent
	return m, nil
}

// isSaid is the message that an answer describes.
func isSaid(m *client.Message, network chain.NetworkID) *chain.Message {
	is := chain.Message{
		Network: network, Kind: chain.External, From: m.From, To: m.To, Nonce: m.Nonce, ValidUntil: m.ValidUntil, Amount: m.Amount, GasLimit: m.GasLimit,
		GasPrice: m.GasPrice, Payer: m.Payer, Method: m.Method, Input: m.Input, Parent: m.Parent, Index: m.Index, Origin: m.Origin, Depth: m.Depth,
	}
	if m.Kind == client.KindRelay {
		is.Kind = chain.Relay
	}
	return is.Seal()
}

// heldTo checks a proof by what a chain here shows, and says how final that makes the block.
func (s *Server) heldTo(above *served, h *light.Handled) (client.Finality, error) {
	tree, at := s.all()[0].node.Tree(), above.node.Chain()
	if !h.IsCovered() {
		known, next, err := above.node.Child(tree.Toward(h.Header.Chain, at))
		if err != nil {
			return "", err
		}
		if len(next.Seats) == 0 {
			return "", light.ErrUnshown
		}
		first, err := above.node.DecodeCommittee(h.Header.Network, next)
		if err != nil {
			return "", err
		}
		return client.Final, wrong(h.Certified(tree, known, first, above.node.DecodeCommittee))
	}
	if h.From > above.node.Head().Header.Height {
		return "", light.ErrUnshown
	}
	from, err := above.node.Relay().Header(h.From)
	if errors.Is(err, relay.ErrNotHere) {
		return "", light.ErrUnshown
	}
	if err != nil {
		return "", err
	}
	start := light.Start{Network: h.Header.Network, Tree: tree, Chain: at, Anchor: from.Anchor()}
	if err := h.Covered(&start); err != nil {
		return "", wrong(err)
	}
	level, err := s.levels().of(spot{at, h.From})
	if level == client.Final {
		level = client.Anchored
	}
	return level, err
}

// wrong is what a proof is refused for.
func wrong(err error) error {
	if err == nil || errors.Is(err, light.ErrUnshown) {
		return err
	}
	return fmt.Errorf("%w: %w", errWrong, err)
}

// above are the chains here above one that isn't, the lowest first: the least is to be shown from there.
func (s *Server) above(id chain.ID) (list []*served) {
	for _, up := range s.all()[0].node.Tree().Ancestors(id) {
		if one := s.get(up); one != nil {
			list = append(list, one)
		}
	}
	if len(list) == 0 {
		list = s.all()[:1]
	}
	return list
}

// look is where a message stands at another node, with the answer itself where that is none. From is 0, or a chain from which the caller, and not
// this node, wants it to be shown.
func (r *remote) look(ctx context.Context, id chain.MessageID, from chain.ID, wait time.Duration) (m client.Message, other *reply, err error) {
	above := r.above(r.id)
	by := above[int(r.turn)%len(above)]
	shown := from
	if from == 0 {
		shown = by.node.Chain()
	}
	target := fmt.Sprintf("/messages/%s?proof=%d", id, shown)
	if wait > 0 {
		target += "&wait=" + url.QueryEscape(wait.String())
	}
	a, err := r.askFor(ctx, id, r.id, passed{method: http.MethodGet, target: target, turn: r.turn, by: r.by}, wait)
	if err != nil || a.status != http.StatusOK {
		return m, &a, err
	}
	var word client.Message
	if parts(a.body) > abroadObjects || json.Unmarshal(a.body, &word) != nil || word.ID != id {
		return m, nil, r.lies("answers with another message")
	}
	if word.State != client.StateFinal || from != 0 {
		m, err = r.told(&word)
		return m, nil, err
	}
	m, err = r.show(r.id, by, &word)
	switch {
	case errors.Is(err, light.ErrUnshown):
		m, err = r.told(&word)
	case errors.Is(err, errWrong):
		r.Log.Warn("a node says that a message is final, and what it shows for that is wrong", "chain", r.id, "message", id, "error", err)
		err = r.lies("says that the message is final, and shows it wrongly")
	}
	return m, nil, err
}

// told is another node's word on a message, without what messages in that state don't have.
func (r *remote) told(word *client.Message) (m client.Message, err error) {
	m = *word
	m.Elsewhere, m.Logs = true, nil
	final := m.State == client.StateFinal
	switch {
	case final && m.Place != nil && m.Dropped == nil && m.Waits == nil:
		return m, nil
	case final || m.State == client.StateDropped != (m.Dropped != nil):
		return m, r.lies("answers what can't be so")
	case m.State != client.StateQueued && m.State != client.StateWaiting && m.State != client.StateDropped:
		return m, r.lies("answers what can't be so")
	}
	if !isWaits(m.Waits) {
		m.Waits = nil
	}
	m.Confirmed, m.MoreEvents = false, 0
	m.Place, m.Status, m.Finality, m.Reason, m.GasUsed, m.Fee, m.Events, m.Sent, m.Joined, m.Proof = nil, 0, "", "", 0, chain.Amount{}, nil, nil, false, nil
	return m, nil
}

const (
	// showPause is the time until another node's word that a message is final is asked for again, with what shows it; each other pause is twice as
	// long, up to mostPause.
	showPause, mostPause = 50 * time.Millisecond, 2 * time.Second
	// showTurns is how many nodes are asked by who doesn't wait.
	showTurns = 3
)

// await is where a message stands there when it is settled, or ctx ends. Another node's word alone makes nothing final, and no lie undoes that the
// message was taken.
func (r *remote) await(ctx context.Context, id chain.MessageID) (client.Message, error) {
	m, other, err := r.awaitOr(ctx, id, 0)
	switch {
	case errors.Is(err, errWrong):
		return m, nil
	case err != nil || other == nil:
		return m, err
	case other.status == http.StatusNotFound:
		return m, node.ErrUnknown
	}
	return m, unable(r.id, fmt.Sprintf("answers with status %d", other.status))
}

// awaitOr is await that also returns an answer which is none, and a lie as an error beside where the message stands. Who asks is answered also when
// the time is up; nobody is asked for who went away.
func (r *remote) awaitOr(ctx context.Context, id chain.MessageID, from chain.ID) (client.Message, *reply, error) {
	asking, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel()
		}
	})()
	var fault error
	for pause := showPause; ; pause = min(2*pause, mostPause) {
		wait := r.Limits.Poll
		if ends, ok := ctx.Deadline(); ok {
			wait = min(wait, max(0, time.Until(ends)))
		}
		m, other, err := r.look(asking, id, from, wait)
		isWord := m.State == client.StateFinal && m.Elsewhere
		if other != nil || from != 0 || !isWord && !errors.Is(err, errWrong) {
			return m, other, err
		}
		if errors.Is(err, errWrong) {
			fault = err
		}
		r.turn++ // another node may show it
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		if ctx.Err() == nil && wait > 0 {
			continue
		}
		unshown := client.Message{ID: id, State: client.StateQueued, Waits: &client.Waits{For: client.WaitsElsewhere, On: r.id}, Elsewhere: true}
		return unshown, nil, fault
	}
}

// lies is the answer where who was asked answered what can't be so.
func (r *remote) lies(what string) error { return errors.Join(unable(r.id, what), errWrong) }

// passMessage answers where a message of a chain that isn't here stands.
func (s *Server) passMessage(w http.ResponseWriter, q *http.Request, id chain.ID, m chain.MessageID, wait time.Duration) error {
	from, err := provenFrom(q)
	if err != nil {
		return err
	}
	r := &remote{Server: s, id: id, by: fromAddr(q.RemoteAddr)}
	var a client.Message
	var other *reply
	if wait > 0 {
		ctx, cancel := context.WithTimeout(q.Context(), wait)
		defer cancel()
		a, other, err = r.awaitOr(ctx, m, from)
	} else {
		for ; ; r.turn++ {
			a, other, err = r.look(q.Context(), m, from, 0)
			isWord := a.State == client.StateFinal && a.Elsewhere && from == 0
			if other != nil || !isWord && !errors.Is(err, errWrong) || r.turn+1 >= showTurns {
				break
			}
		}
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

// parts is how many objects and list elements JSON has at most: an empty one of some bytes takes a hundred when it is read.
func parts(b []byte) (n int) {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '{' || c == '['):
			n++
		}
	}
	return n
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
