package bft

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/wire"
)

// marks stand in for signatures: a hash of who signed what, added up by xor.
type marks struct{}

func (marks) sum(d keys.BLSDomain, signed []keys.BLSSigned) (s keys.BLSPoint) {
	for _, g := range signed {
		for _, seat := range g.Seats {
			h := wire.Sum(wire.TagLeaf, []byte{byte(seat), byte(d)}, g.Message)
			for i := range h {
				s[i] ^= h[i]
			}
		}
	}
	return s
}

func (m marks) Verify(d keys.BLSDomain, signature keys.BLSSignature, signed ...keys.BLSSigned) error {
	if s := m.sum(d, signed); [48]byte(s[:48]) != [48]byte(signature) {
		return errors.New("no signature")
	}
	return nil
}

func (m marks) Collect(d keys.BLSDomain, votes []keys.BLSVote) (signature keys.BLSSignature, bad []int) {
	for i, v := range votes {
		if m.sum(d, []keys.BLSSigned{v.BLSSigned}) != v.Point {
			bad = append(bad, i)
		}
		for k := range signature {
			signature[k] ^= v.Point[k]
		}
	}
	return signature, bad
}

func (m marks) part(d keys.BLSDomain, message []byte, seat int) committee.Part {
	seats := chain.SeatsOf(seat)
	return committee.Part{Seats: seats, Point: m.sum(d, []keys.BLSSigned{light.Signed(message, seats)})}
}

// clone is a replica that nothing done to r changes.
func (r *Replica) clone() *Replica {
	c := *r
	c.bodies, c.timeouts, c.ahead = slices.Clone(r.bodies), slices.Clone(r.timeouts), slices.Clone(r.ahead)
	c.invalid = slices.Clone(r.invalid)
	c.checked = maps.Clone(r.checked)
	c.tallies = make([]*tally, len(r.tallies))
	for i, t := range r.tallies {
		n := *t
		n.ballots = slices.Clone(t.ballots)
		c.tallies[i] = &n
	}
	c.others.served, c.others.reports = maps.Clone(r.others.served), maps.Clone(r.others.reports)
	c.others.suspect, c.others.accused, c.others.cancels = maps.Clone(r.others.suspect), maps.Clone(r.others.accused), maps.Clone(r.others.cancels)
	c.others.told = maps.Clone(r.others.told)
	c.others.given, c.others.spoils = maps.Clone(r.others.given), maps.Clone(r.others.spoils)
	c.others.lied, c.others.charged, c.others.spent = map[Peer]bool{}, map[Peer]bool{}, map[Peer]int{} // as if a tick came after every message
	return &c
}

// renaming says what each seat is called. Honest seats that lead none of the explored rounds can change names, and the story
// is the same: of states that differ in this alone one is looked at.
type renaming [4]byte

var asTheyAre = renaming{0, 1, 2, 3}

// renamings are all that leave the leaders and the Byzantine seat alone, asTheyAre first: a group, so that all names of one state have one key.
func renamings(leaders []int) []renaming {
	var free []byte
	for seat := range byte(4) {
		if seat != evil && !slices.Contains(leaders, int(seat)) {
			free = append(free, seat)
		}
	}
	all := []renaming{asTheyAre}
	for i := range free {
		for _, names := range slices.Clone(all) { // those that leave free[i:] alone, each with free[i] in the place of one before
			for _, before := range free[:i] {
				other := names
				other[before], other[free[i]] = names[free[i]], names[before]
				all = append(all, other)
			}
		}
	}
	return all
}

// key identifies what it was made of, up to the chance that two sums of 128 bits of SHA-256 agree.
type key [2]uint64

func keyOf(words []byte) key {
	h := sha256.Sum256(words)
	return key{binary.LittleEndian.Uint64(h[:8]), binary.LittleEndian.Uint64(h[8:16])}
}

func (k key) plus(o key) key { return key{k[0] + o[0], k[1] + o[1]} }

// words tells of local states and messages; two with the same words do the same.
type words struct {
	said  []byte
	names renaming
}

func (w *words) word(s string, numbers ...uint64) {
	w.said = append(w.said, s...)
	for i, n := range numbers {
		if i > 0 {
			w.said = append(w.said, '.')
		}
		w.said = strconv.AppendUint(w.said, n, 10)
	}
}

func (w *words) flags(flags ...bool) {
	for _, f := range flags {
		w.said = strconv.AppendBool(w.said, f)
	}
}

func (w *words) block(b chain.BlockHash) {
	const digits = "0123456789abcdef"
	w.said = append(w.said, ' ')
	for _, c := range b[:4] {
		w.said = append(w.said, digits[c>>4], digits[c&15])
	}
}

func (w *words) mark(m chain.Mark) {
	w.word(" ", uint64(m.Round))
	w.block(m.Block)
}

func (w *words) seats(s chain.Seats) {
	set := byte(0)
	for seat := range s.Ascending() {
		set |= 1 << w.names[seat]
	}
	w.word(" by", uint64(set))
}

func (w *words) from(p Peer) {
	if int(p) < len(w.names) {
		w.word("", uint64(w.names[p]))
	}
}

// sorted says what n things say, in the order of their words.
func (w *words) sorted(n int, say func(w *words, i int)) {
	list := make([]string, n)
	for i := range list {
		one := words{names: w.names}
		say(&one, i)
		list[i] = string(one.said)
	}
	slices.Sort(list)
	for _, s := range list {
		w.word(s)
	}
}

// message says what a message says, whoever sent it.
func (w *words) message(m Message) {
	switch m := m.(type) {
	case *Proposal:
		w.word("proposal ", uint64(m.Vote.Round))
		w.block(m.Vote.Block)
		if m.Why != nil {
			w.message(m.Why)
		}
	case *Vote:
		w.word("vote ", uint64(m.Step), uint64(m.Round))
		w.block(m.Block)
	case *Timeout:
		w.word("timeout ", uint64(m.Round))
		w.mark(m.Highest)
		w.mark(m.Last)
		w.seats(m.Seats)
	case *Justification:
		w.word(" because ", uint64(m.Said[0].Timeout.Round))
		w.sorted(len(m.Said), func(w *words, i int) {
			w.seats(m.Said[i].Seats)
			w.mark(m.Said[i].Timeout.Highest)
			w.mark(m.Said[i].Timeout.Last)
		})
	case *Fetched:
		w.word("body")
		h, _ := chain.DecodeBlockHeader(m.Raw)
		w.block(h.Hash())
	}
}

// received says what a message says, and who sent it.
func (w *words) received(e Received) {
	w.from(e.From)
	w.word(":")
	w.message(e.Message)
}

// local says what there is to a local state. One that is done does nothing any more.
func (w *words) local(r *Replica) {
	w.from(r.config.Me)
	w.word(" at ", r.head.Header.Height)
	w.block(r.head.Hash)
	if r.head.Header.Height > 0 {
		return
	}
	s := &r.safety
	w.word(" round ", uint64(r.round))
	w.flags(r.running, r.late, r.proposed, r.building, r.built != nil)
	w.mark(s.Prepared)
	w.mark(s.Confirmed)
	w.certificate(r, s.Certificate)
	w.certificate(r, r.final)
	if r.why != nil {
		w.message(r.why)
	}
	if r.proposal != nil {
		w.message(r.proposal)
	}
	for _, k := range r.bodies {
		w.word(" body", uint64(k.verdict))
		w.block(k.hash)
	}
	w.sorted(len(r.tallies), func(w *words, i int) { w.tally(r.tallies[i]) })
	w.sorted(len(r.timeouts), func(w *words, i int) {
		if t := r.timeouts[i]; t != nil {
			w.message(t)
		}
	})
}

// certificate says what a certificate says: those of the same step, round and block count as one, but for whether they are of
// the early quorum.
func (w *words) certificate(r *Replica, c *chain.Certificate) {
	w.word(" certificate")
	if c != nil {
		w.word(" ", uint64(c.Step), uint64(c.Round))
		w.block(c.Block)
		w.flags(r.isFinal(c))
	}
}

func (w *words) tally(t *tally) {
	w.word(" tally ", uint64(t.step), uint64(t.round), uint64(t.summed))
	w.sorted(len(t.ballots), func(w *words, i int) {
		if v := t.ballots[i].vote; v != nil {
			w.from(Peer(i))
			w.block(v.Block)
		}
	})
}
