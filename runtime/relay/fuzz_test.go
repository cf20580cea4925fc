package relay_test

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// asks lets a Remote ask for everything that it can, and returns what it made of that.
func asks(r relay.Remote) (asked [][]byte, err error) {
	ask := r.Ask
	r.Ask = func(b []byte) ([]byte, error) {
		asked = append(asked, b)
		return ask(b)
	}
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	slots := []exec.Slot{{Account: chain.SystemAddress(main), Key: chain.KeyTree}, {Account: wallet(main, 1)}}
	if s, err := r.Show(slots); err == nil && s != nil && (len(s.Values) != len(slots) || len(s.Proofs) != len(slots)) {
		note(errors.New("values or proofs are missing"))
	} else {
		note(err)
	}
	_, err = r.Header(1)
	note(err)
	_, err = r.Run(1)
	note(err)
	_, err = r.Place(a, 1, 0)
	note(err)
	if is, err := r.Recorded(a, 1); err == nil && is != nil && (is.First == 0 || is.First > 1) {
		note(errors.New("a way that goes round in circles"))
	} else {
		note(err)
	}
	if is, err := r.Released(a, 1); err == nil && is != nil && (is.Height == 0 || is.Height > 1) {
		note(errors.New("releases that go round in circles"))
	} else {
		note(err)
	}
	if is, err := r.Expects(a, 9); err == nil && is != nil && (is.Height == 0 || is.Height > 9) {
		note(errors.New("what is expected after the block that was asked for"))
	} else {
		note(err)
	}
	_, err = r.LastRecorded(a, 9)
	note(err)
	_, err = r.Departure(b, 0)
	note(err)
	if d, err := r.Departed(b, 0, relay.Room{}); err == nil && d != nil && len(d.Messages) == 0 {
		note(errors.New("relays that are none"))
	} else {
		note(err)
	}
	return asked, errors.Join(errs...)
}

func fuzzedT(f testing.TB) *forest {
	t := newForest(f, family, func(chain.ID) uint64 { return 1_000 }, nil)
	t.trunks[main].pay(1, 5, 0, wallet(b, 1))
	t.trunks[a].pay(1, 5, 0, wallet(b, 1))
	t.settle()
	return t
}

// FuzzAnswer asks a chain for anything: it answers, or says that this is no ask, or that there is no such thing.
func FuzzAnswer(f *testing.F) {
	c := fuzzedT(f).trunks[main]
	asked, err := asks(relay.Remote{Ask: func(b []byte) ([]byte, error) { return relay.Answer(c, b) }})
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range asked {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := relay.Answer(c, b); err != nil && !errors.Is(err, relay.ErrAsk) && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%x: %v", b, err)
		}
	})
}

// FuzzRemote answers anything to who asks: what is believed has a form, and nothing else happens.
func FuzzRemote(f *testing.F) {
	c := fuzzedT(f).trunks[main]
	_, err := asks(relay.Remote{Ask: func(b []byte) ([]byte, error) {
		answer, err := relay.Answer(c, b)
		f.Add(answer)
		return answer, err
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := asks(relay.Remote{Ask: func([]byte) ([]byte, error) { return b, nil }})
		if err == nil && len(b) > 0 {
			t.Errorf("%x answers everything", b)
		}
	})
}
