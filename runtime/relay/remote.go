package relay

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// What a Chain is asked for by bytes.
const (
	askShow         byte = 1
	askHeader       byte = 2
	askRun          byte = 3
	askPlace        byte = 4
	askRecorded     byte = 5
	askLastRecorded byte = 6
	askDeparted     byte = 7
	askDeparture    byte = 8
	askReleased     byte = 9
	askExpects      byte = 10
)

// Bounds on an ask and its answer.
const (
	MaxAskBytes    = 4 << 10
	maxAskSlots    = 16
	maxAnswerBytes = 16 << 20
)

// ErrAsk: the bytes ask for nothing that there is.
var ErrAsk = errors.New("ask of a chain")

// Answer answers what a Remote asks of a chain; empty for what isn't there yet. ErrAsk is the asker's fault; other errors are the chain's own,
// of a block or a place that there is not, or the world's.
func Answer(c Chain, ask []byte) ([]byte, error) {
	r := wire.NewReader(ask)
	kind := r.U8("ask")
	switch kind {
	case askShow:
		return answerShow(c, r)
	case askPlace:
		list, count, index := chain.ID(r.U32("chain")), r.U64("count"), r.U64("index")
		if err := r.Done(); err != nil || index >= count {
			return nil, fmt.Errorf("%w: place %d of %d: %v", ErrAsk, index, count, err)
		}
		p, err := c.Place(list, count, index)
		if err != nil {
			return nil, err
		}
		return p.Append(nil), nil
	case askHeader, askRun:
		height := r.U64("height")
		if err := r.Done(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAsk, err)
		}
		return answerHeight(c, kind, height)
	case askRecorded, askLastRecorded, askReleased, askDeparted, askDeparture, askExpects:
		of, number := chain.ID(r.U32("chain")), r.U64("number")
		if err := r.Done(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAsk, err)
		}
		return answerOf(c, kind, of, number)
	}
	return nil, fmt.Errorf("%w: kind %d", ErrAsk, kind)
}

func answerShow(c Chain, r *wire.Reader) ([]byte, error) {
	var slots []exec.Slot
	for range r.Count("slots", maxAskSlots, chain.AddressSize+1) {
		var s exec.Slot
		r.Into("account", s.Account[:])
		s.Key = string(r.Short("key", 255))
		slots = append(slots, s)
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAsk, err)
	}
	shown, err := c.Show(slots)
	if err != nil || shown == nil {
		return nil, err
	}
	b := wire.AppendBytes(nil, shown.Digest.Append(nil))
	for i, v := range shown.Values {
		b = shown.Proofs[i].Append(appendValue(b, v))
	}
	return b, nil
}

// appendValue tells a value from none.
func appendValue(b, v []byte) []byte {
	if v == nil {
		return append(b, 0)
	}
	return wire.AppendBytes(append(b, 1), v)
}

func answerHeight(c Chain, kind byte, height uint64) ([]byte, error) {
	if kind == askRun {
		d, err := c.Run(height)
		if err != nil || d == nil {
			return nil, err
		}
		return d.Append(nil), nil
	}
	h, err := c.Header(height)
	if err != nil {
		return nil, err
	}
	return h.Append(nil), nil
}

func answerOf(c Chain, kind byte, of chain.ID, number uint64) ([]byte, error) {
	switch kind {
	case askLastRecorded:
		last, err := c.LastRecorded(of, number)
		return wire.AppendU64(nil, last), err
	case askDeparture:
		at, err := c.Departure(of, number)
		return wire.AppendU64(nil, at), err
	case askExpects:
		is, err := c.Expects(of, number)
		if err != nil || is == nil {
			return nil, err
		}
		return is.State.Append(wire.AppendU64(wire.AppendU64(nil, is.Height), is.Next)), nil
	case askRecorded, askReleased:
		ask := c.Recorded
		if kind == askReleased {
			ask = c.Released
		}
		is, err := ask(of, number)
		if err != nil || is == nil {
			return nil, err
		}
		b := wire.AppendU64(wire.AppendU64(nil, is.Height), is.First)
		b = is.State.Append(wire.AppendBytes(b, is.Entry.Encode()))
		b = wire.AppendU32(b, uint32(len(is.Left)))
		for to, left := range is.Left { // any order: a map again there
			b = left.State.Append(left.Value.Append(wire.AppendU32(b, uint32(to))))
		}
		return b, nil
	}
	d, err := c.Departed(of, number, envelopeRoom)
	if err != nil || d == nil {
		return nil, err
	}
	b := wire.AppendBytes(nil, d.Header.Append(nil))
	b = wire.AppendU32(b, uint32(len(d.Messages)))
	for _, m := range d.Messages {
		b = wire.AppendBytes(b, m.Encode())
	}
	return d.Places.Append(b), nil
}

// Remote is a Chain that another process has: Ask carries bytes to Answer there. It is for making envelopes and acknowledgements.
type Remote struct {
	Ask func(ask []byte) ([]byte, error)
}

func (c Remote) ask(ask []byte) (*wire.Reader, error) {
	b, err := c.Ask(ask)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	if len(b) > maxAnswerBytes {
		return nil, fmt.Errorf("answer of %d bytes (limit %d) %w", len(b), maxAnswerBytes, wire.ErrLimit)
	}
	return wire.NewReader(b), nil
}

// Show implements Chain.
func (c Remote) Show(slots []exec.Slot) (*Shown, error) {
	ask := wire.AppendU32([]byte{askShow}, uint32(len(slots)))
	for _, s := range slots {
		ask = wire.AppendShort(append(ask, s.Account[:]...), s.Key)
	}
	r, err := c.ask(ask)
	if err != nil || r == nil {
		return nil, err
	}
	s := &Shown{}
	if s.Digest, err = chain.DecodeDigest(r.Bytes("digest", maxAnswerBytes)); err != nil {
		return nil, err
	}
	for range slots {
		var v []byte
		if r.U8("value") != 0 {
			v = r.Bytes("value", maxAnswerBytes)
		}
		s.Values, s.Proofs = append(s.Values, v), append(s.Proofs, merkle.ReadStateProof(r))
	}
	return s, r.Done()
}

// Header implements Chain.
func (c Remote) Header(height uint64) (*chain.Header, error) {
	b, err := c.Ask(wire.AppendU64([]byte{askHeader}, height))
	if err != nil {
		return nil, err
	}
	h, err := chain.DecodeHeader(b)
	return &h, err
}

// Run implements Chain.
func (c Remote) Run(from uint64) (*chain.Digest, error) {
	b, err := c.Ask(wire.AppendU64([]byte{askRun}, from))
	if err != nil || len(b) == 0 {
		return nil, err
	}
	d, err := chain.DecodeDigest(b)
	return &d, err
}

// Place implements Chain.
func (c Remote) Place(list chain.ID, count, index uint64) (merkle.Place, error) {
	r, err := c.ask(wire.AppendU64(wire.AppendU64(wire.AppendU32([]byte{askPlace}, uint32(list)), count), index))
	if err != nil || r == nil {
		return merkle.Place{}, errors.Join(err, ErrAsk)
	}
	p := merkle.ReadPlace(r)
	return p, r.Done()
}

func askOf(kind byte, of chain.ID, number uint64) []byte {
	return wire.AppendU64(wire.AppendU32([]byte{kind}, uint32(of)), number)
}

// Recorded implements Chain.
func (c Remote) Recorded(child chain.ID, height uint64) (*Recorded, error) {
	is, err := c.askRecorded(askOf(askRecorded, child, height))
	if err == nil && is != nil && (is.First == 0 || is.First > height) { // a way is looked for behind it
		return nil, fmt.Errorf("block %d of chain %d: recorded from block %d on: %w", height, child, is.First, ErrAsk)
	}
	return is, err
}

// Released implements Chain.
func (c Remote) Released(child chain.ID, height uint64) (*Recorded, error) {
	is, err := c.askRecorded(askOf(askReleased, child, height))
	if err == nil && is != nil && (is.Height == 0 || is.Height > height) { // one is looked for behind it
		return nil, fmt.Errorf("chain %d up to block %d: released in block %d: %w", child, height, is.Height, ErrAsk)
	}
	return is, err
}

func (c Remote) askRecorded(ask []byte) (*Recorded, error) {
	r, err := c.ask(ask)
	if err != nil || r == nil {
		return nil, err
	}
	is := &Recorded{Height: r.U64("height"), First: r.U64("first height"), Left: map[chain.ID]light.Left{}}
	entry := r.Bytes("accumulator", maxAnswerBytes)
	is.State = merkle.ReadStateProof(r)
	for range r.Count("branches", chain.MaxDestinations, 4+16) {
		to := chain.ID(r.U32("destination"))
		is.Left[to] = light.Left{Value: chain.ReadAmount(r, "left"), State: merkle.ReadStateProof(r)}
	}
	if err := r.Done(); err != nil {
		return nil, err
	}
	is.Entry, err = merkle.DecodeAccumulator(entry)
	return is, err
}

// LastRecorded implements Chain.
func (c Remote) LastRecorded(child chain.ID, height uint64) (uint64, error) {
	return c.height(askOf(askLastRecorded, child, height))
}

// Departure implements Chain.
func (c Remote) Departure(to chain.ID, number uint64) (uint64, error) {
	return c.height(askOf(askDeparture, to, number))
}

// height asks for one.
func (c Remote) height(ask []byte) (uint64, error) {
	r, err := c.ask(ask)
	if err != nil || r == nil {
		return 0, err
	}
	height := r.U64("height")
	return height, r.Done()
}

// Expects implements Chain.
func (c Remote) Expects(from chain.ID, height uint64) (*Expects, error) {
	r, err := c.ask(askOf(askExpects, from, height))
	if err != nil || r == nil {
		return nil, err
	}
	is := &Expects{Height: r.U64("height"), Next: r.U64("number"), State: merkle.ReadStateProof(r)}
	if err := r.Done(); err != nil {
		return nil, err
	}
	if is.Height == 0 || is.Height > height { // a way is looked for from it
		return nil, fmt.Errorf("chain %d up to block %d: what it expects is of block %d: %w", from, height, is.Height, ErrAsk)
	}
	return is, nil
}

// Departed implements Chain. The room is that of an envelope.
func (c Remote) Departed(to chain.ID, first uint64, _ Room) (*Departed, error) {
	r, err := c.ask(askOf(askDeparted, to, first))
	if err != nil || r == nil {
		return nil, err
	}
	d := &Departed{}
	if d.Header, err = chain.DecodeHeader(r.Bytes("header", maxAnswerBytes)); err != nil {
		return nil, err
	}
	for range r.Count("messages", chain.MaxImported, 4) {
		m, err := chain.DecodeMessage(r.Bytes("message", chain.MaxMessageBytes))
		if err != nil {
			return nil, err
		}
		d.Messages = append(d.Messages, m)
	}
	d.Places = merkle.ReadMultiProof(r, chain.MaxImported)
	if err := r.Done(); err != nil {
		return nil, err
	}
	if len(d.Messages) == 0 {
		return nil, fmt.Errorf("relays to chain %d: none in the answer: %w", to, ErrAsk)
	}
	return d, nil
}
