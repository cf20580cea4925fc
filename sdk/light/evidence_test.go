package light_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

func (h house) voted(t testing.TB, v chain.Vote, seats ...int) light.Claim {
	cert := h.sign(t, v, seats...)
	return light.Claim{Vote: &v, Seats: cert.Bitmap, Signature: cert.Signature}
}

func (h house) timedOut(t testing.TB, round uint32, highest, last chain.Mark, seat int) light.Claim {
	t.Helper()
	s := chain.Timeout{Network: network, Chain: 2, Epoch: 3, Height: 4, Round: round, Highest: highest, Last: last}
	signature, err := committee.Sign(h.secrets[seat], keys.BLSTimeout, s.Append(nil), chain.SeatsOf(seat)).Point.Signature()
	if err != nil {
		t.Fatal(err)
	}
	return light.Claim{Timeout: &s, Seats: chain.SeatsOf(seat), Signature: signature}
}

// SPEC 6.6: what no honest seat signs convicts those who signed both, in either order, after encoding; what one may sign
// convicts nobody.
func TestGuilty(t *testing.T) {
	h := newHouse(t, 0, upTo(4)...)
	in := func(step chain.Step, round uint32, block byte) chain.Vote {
		v := h.vote(step)
		v.Round, v.Block = round, chain.BlockHash{block}
		return v
	}
	mark := func(round uint32, block byte) chain.Mark {
		return chain.Mark{Round: round, Block: chain.BlockHash{block}}
	}
	prepared, confirmed := chain.Preparation, chain.Confirmation
	for _, c := range []struct {
		name          string
		first, second light.Claim
		guilty        chain.Seats
		err           error
	}{
		{"two preparations", h.voted(t, in(prepared, 5, 1), 2), h.voted(t, in(prepared, 5, 2), 2), chain.SeatsOf(2), nil},
		{"two confirmations", h.voted(t, in(confirmed, 5, 1), 2), h.voted(t, in(confirmed, 5, 2), 2), chain.SeatsOf(2), nil},
		{"a vote and a certificate", h.voted(t, in(prepared, 5, 1), 2), h.voted(t, in(prepared, 5, 2), 0, 1, 2), chain.SeatsOf(2), nil},
		{"two certificates", h.voted(t, in(prepared, 5, 1), 1, 2, 3), h.voted(t, in(prepared, 5, 2), 0, 1, 2), chain.SeatsOf(1, 2), nil},
		{"two timeouts", h.timedOut(t, 5, mark(1, 1), mark(1, 1), 2), h.timedOut(t, 5, mark(1, 1), mark(2, 1), 2), chain.SeatsOf(2), nil},
		{"a preparation forgotten", h.timedOut(t, 5, mark(1, 1), mark(1, 1), 2), h.voted(t, in(prepared, 3, 1), 2), chain.SeatsOf(2), nil},
		{"every preparation forgotten", h.timedOut(t, 5, chain.Mark{}, chain.Mark{}, 2), h.voted(t, in(prepared, 0, 1), 2), chain.SeatsOf(2), nil},
		{"another preparation named", h.timedOut(t, 5, mark(1, 1), mark(3, 2), 2), h.voted(t, in(prepared, 3, 1), 2), chain.SeatsOf(2), nil},
		{"a certificate forgotten", h.timedOut(t, 5, mark(1, 1), mark(4, 1), 2), h.voted(t, in(confirmed, 3, 1), 2), chain.SeatsOf(2), nil},

		{"the same vote", h.voted(t, in(prepared, 5, 1), 2), h.voted(t, in(prepared, 5, 1), 2), nil, light.ErrNoContradiction},
		{"two steps", h.voted(t, in(prepared, 5, 1), 2), h.voted(t, in(confirmed, 5, 2), 2), nil, light.ErrNoContradiction},
		{"two rounds", h.voted(t, in(prepared, 5, 1), 2), h.voted(t, in(prepared, 6, 2), 2), nil, light.ErrNoContradiction},
		{"two seats", h.voted(t, in(prepared, 5, 1), 2), h.voted(t, in(prepared, 5, 2), 3), nil, light.ErrSeats},
		{"a preparation of a later round", h.timedOut(t, 5, mark(1, 1), mark(1, 1), 2), h.voted(t, in(prepared, 6, 1), 2), nil, light.ErrNoContradiction},
		{"a later preparation named", h.timedOut(t, 5, mark(1, 1), mark(4, 2), 2), h.voted(t, in(prepared, 3, 1), 2), nil, light.ErrNoContradiction},
		{"timeouts of two rounds", h.timedOut(t, 5, mark(1, 1), mark(1, 1), 2), h.timedOut(t, 6, mark(1, 1), mark(2, 1), 2), nil, light.ErrNoContradiction},
	} {
		for _, e := range []light.Evidence{{First: c.first, Second: c.second}, {First: c.second, Second: c.first}} {
			again, err := light.DecodeEvidence(e.Encode())
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			guilty, err := h.Guilty(&again)
			if !errors.Is(err, c.err) || string(guilty) != string(c.guilty) {
				t.Errorf("%s: %v, %v", c.name, guilty, err)
			}
		}
	}
}

// Nobody is guilty of what others signed, or signed elsewhere.
func TestNotGuilty(t *testing.T) {
	h := newHouse(t, 0, upTo(4)...)
	v, w := h.vote(chain.Preparation), h.vote(chain.Preparation)
	w.Block[0]++
	good := light.Evidence{First: h.voted(t, v, 2), Second: h.voted(t, w, 2)}
	if _, err := h.Guilty(&good); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(e *light.Evidence){
		"another's signature":  func(e *light.Evidence) { e.Second.Signature = h.voted(t, w, 3).Signature },
		"another's seat":       func(e *light.Evidence) { e.First.Seats, e.Second.Seats = chain.SeatsOf(1), chain.SeatsOf(1) },
		"a seat that isn't":    func(e *light.Evidence) { e.First.Seats, e.Second.Seats = chain.SeatsOf(9), chain.SeatsOf(9) },
		"no signature":         func(e *light.Evidence) { e.First.Signature = keys.BLSSignature{} },
		"another network":      func(e *light.Evidence) { e.First.Vote.Network[0]++; e.Second.Vote.Network[0]++ },
		"a step without votes": func(e *light.Evidence) { e.First.Vote.Step, e.Second.Vote.Step = 3, 3 },
	} {
		e, err := light.DecodeEvidence(good.Encode())
		if err != nil {
			t.Fatal(err)
		}
		edit(&e)
		if guilty, err := h.Guilty(&e); err == nil {
			t.Errorf("%s: %v are guilty", name, guilty)
		}
	}
}

func FuzzEvidence(f *testing.F) {
	h := newHouse(f, 0, upTo(4)...)
	v := h.vote(chain.Preparation)
	e := light.Evidence{First: h.voted(f, v, 2), Second: h.timedOut(f, 5, chain.Mark{}, chain.Mark{Round: 1, Block: chain.BlockHash{1}}, 1)}
	f.Add(e.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := light.DecodeEvidence(b); err == nil && !bytes.Equal(e.Encode(), b) {
			t.Fatalf("%x is encoded as %x", b, e.Encode())
		}
	})
}
