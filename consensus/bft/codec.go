package bft

import (
	"fmt"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// The kinds of messages, as encoded. A number, once used, is never given to another kind.
const (
	kindProposal byte = 1 + iota
	kindVote
	kindTimeout
	kindJustification
	kindCertified
	kindStatus
	kindFetch
	kindFetched
	kindWant
	kindFinals
)

// MaxFinals bounds the blocks of one Finals.
const MaxFinals = 256

const messageVersion = 1

// Encode is the canonical encoding of a message. Which network, chain and epoch it belongs to is said by what carries it, and
// by every signature and certificate in it.
func Encode(m Message) []byte { return Append(nil, m) }

// Append appends what Encode makes.
func Append(b []byte, m Message) []byte { return m.append(append(b, messageVersion)) }

// Decode reads what Encode writes. The message shares memory with b.
func Decode(b []byte) (Message, error) {
	r := wire.NewReader(b)
	r.Version("consensus message", messageVersion)
	read, ok := readers[r.U8("kind")]
	if !ok {
		r.Fail("kind", wire.ErrValue)
		return nil, fmt.Errorf("consensus message: %w", r.Err())
	}
	m := read(r)
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("consensus message: %w", err)
	}
	return m, nil
}

var readers = map[byte]func(*wire.Reader) Message{
	kindProposal: func(r *wire.Reader) Message {
		p := &Proposal{Raw: r.Bytes("block", chain.MaxBlockBytes), Parent: readCertificate(r)}
		if readFlag(r, "justification") {
			j := readJustification(r)
			p.Why = &j
		}
		p.Vote = readVote(r)
		return p
	},
	kindVote:          func(r *wire.Reader) Message { v := readVote(r); return &v },
	kindTimeout:       func(r *wire.Reader) Message { t := readTimeout(r); return &t },
	kindJustification: func(r *wire.Reader) Message { j := readJustification(r); return &j },
	kindCertified:     func(r *wire.Reader) Message { return &Certified{chain.ReadCertificate(r)} },
	kindStatus: func(r *wire.Reader) Message {
		return &Status{r.U64("head"), readCertificate(r), readFlag(r, "asks")}
	},
	kindFetch: func(r *wire.Reader) Message { return &Fetch{r.U64("height"), readBlockHash(r)} },
	kindFetched: func(r *wire.Reader) Message {
		return &Fetched{r.Bytes("block", chain.MaxBlockBytes)}
	},
	kindWant: func(r *wire.Reader) Message { return &Want{r.U64("from")} },
	kindFinals: func(r *wire.Reader) Message {
		f := &Finals{}
		for range r.Count("final blocks", MaxFinals, 4) {
			f.Blocks = append(f.Blocks, Final{r.Bytes("block", chain.MaxBlockBytes), chain.ReadCertificate(r)})
		}
		return f
	},
}

func (p *Proposal) append(b []byte) []byte {
	b = wire.AppendBytes(append(b, kindProposal), p.Raw)
	b = append(appendCertificate(b, p.Parent), flag(p.Why != nil))
	if p.Why != nil {
		b = p.Why.appendBody(b)
	}
	return p.Vote.appendBody(b)
}

func (v *Vote) append(b []byte) []byte          { return v.appendBody(append(b, kindVote)) }
func (t *Timeout) append(b []byte) []byte       { return t.appendBody(append(b, kindTimeout)) }
func (j *Justification) append(b []byte) []byte { return j.appendBody(append(b, kindJustification)) }
func (c *Certified) append(b []byte) []byte     { return c.Certificate.Append(append(b, kindCertified)) }

func (s *Status) append(b []byte) []byte {
	return append(appendCertificate(wire.AppendU64(append(b, kindStatus), s.Head), s.Certificate), flag(s.Asks))
}

func (f *Fetch) append(b []byte) []byte {
	return append(wire.AppendU64(append(b, kindFetch), f.Height), f.Block[:]...)
}

func (f *Fetched) append(b []byte) []byte { return wire.AppendBytes(append(b, kindFetched), f.Raw) }
func (w *Want) append(b []byte) []byte    { return wire.AppendU64(append(b, kindWant), w.From) }

func (f *Finals) append(b []byte) []byte {
	b = wire.AppendU32(append(b, kindFinals), uint32(len(f.Blocks)))
	for i := range f.Blocks {
		b = f.Blocks[i].Certificate.Append(wire.AppendBytes(b, f.Blocks[i].Raw))
	}
	return b
}

func (v *Vote) appendBody(b []byte) []byte {
	b = wire.AppendU32(wire.AppendU64(append(b, byte(v.Step)), v.Height), v.Round)
	return appendPart(append(b, v.Block[:]...), &v.Part)
}

func readVote(r *wire.Reader) (v Vote) {
	v.Step = chain.Step(r.U8("step"))
	if r.Err() == nil && v.Step != chain.Preparation && v.Step != chain.Confirmation {
		r.Fail("step", wire.ErrValue)
	}
	v.Height, v.Round, v.Block, v.Part = r.U64("height"), r.U32("round"), readBlockHash(r), readPart(r)
	return v
}

func appendPart(b []byte, p *committee.Part) []byte {
	return append(wire.AppendBytes(b, p.Seats), p.Point[:]...)
}

func readPart(r *wire.Reader) (p committee.Part) {
	p.Seats = chain.ReadSeats(r)
	r.Into("signature", p.Point[:])
	return p
}

func (t *Timeout) appendBody(b []byte) []byte {
	b = wire.AppendBytes(b, t.Timeout.Append(nil))
	return appendPart(appendCertificate(b, t.Certificate), &t.Part)
}

func readTimeout(r *wire.Reader) Timeout {
	return Timeout{chain.ReadTimeout(r), readCertificate(r), readPart(r)}
}

func (j *Justification) appendBody(b []byte) []byte {
	return appendCertificate(j.Timeouts.Append(b), j.Certificate)
}

func readJustification(r *wire.Reader) Justification {
	return Justification{chain.ReadTimeouts(r), readCertificate(r)}
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func readFlag(r *wire.Reader, field string) bool {
	v := r.U8(field)
	if v > 1 {
		r.Fail(field, wire.ErrValue)
	}
	return v == 1
}

func appendCertificate(b []byte, c *chain.Certificate) []byte {
	if b = append(b, flag(c != nil)); c != nil {
		b = c.Append(b)
	}
	return b
}

func readCertificate(r *wire.Reader) *chain.Certificate {
	if !readFlag(r, "certificate") {
		return nil
	}
	c := chain.ReadCertificate(r)
	return &c
}

func appendMark(b []byte, m chain.Mark) []byte {
	return append(wire.AppendU32(b, m.Round), m.Block[:]...)
}

func readMark(r *wire.Reader) chain.Mark {
	return chain.Mark{Round: r.U32("round"), Block: readBlockHash(r)}
}

func readBlockHash(r *wire.Reader) (h chain.BlockHash) {
	r.Into("block", h[:])
	return h
}

func (p *Proposal) height() uint64  { return p.Vote.Height }
func (v *Vote) height() uint64      { return v.Height }
func (t *Timeout) height() uint64   { return t.Timeout.Height }
func (c *Certified) height() uint64 { return c.Certificate.Height }
func (s *Status) height() uint64    { return s.Head }
func (f *Fetch) height() uint64     { return f.Height }
func (f *Fetched) height() uint64   { return 0 }
func (w *Want) height() uint64      { return w.From }
func (f *Finals) height() uint64    { return 0 }

func (j *Justification) height() uint64 {
	if len(j.Said) == 0 {
		return 0
	}
	height, _ := j.Failed()
	return height
}
