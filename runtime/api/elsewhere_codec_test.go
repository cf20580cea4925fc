package api

import (
	"bytes"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

func FuzzPassed(f *testing.F) {
	p := passed{method: "POST", target: "/accounts/x/query?wait=1s", kind: "application/json", body: []byte("{}")}
	f.Add(p.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := decodePassed(b); err == nil && !bytes.Equal(p.encode(), b) {
			t.Errorf("%x is read as %+v", b, p)
		}
	})
}

func FuzzReply(f *testing.F) {
	for _, a := range []reply{{200, "application/json", []byte("{}\n")}, {404, "application/octet-stream", []byte{1}}} {
		f.Add(a.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := decodeReply(b); err == nil && !bytes.Equal(a.encode(), b) {
			t.Errorf("%x is read as %+v", b, a)
		}
	})
}

// What is remembered of messages that were handed on has a bound; the last ones are remembered.
func TestPostedBound(t *testing.T) {
	p := &posted{}
	id := func(i int) (m chain.MessageID) {
		m[0], m[1], m[2] = byte(i), byte(i>>8), byte(i>>16)
		m[31] = 1
		return m
	}
	for i := range maxPosted + 10 {
		p.add(id(i), 7)
		p.add(id(i), 7)
	}
	if len(p.of) != maxPosted || p.chain(id(9)) != 0 || p.chain(id(10)) != 7 || p.chain(id(maxPosted+9)) != 7 {
		t.Errorf("%d are remembered", len(p.of))
	}
}
