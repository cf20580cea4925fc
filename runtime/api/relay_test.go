package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// remote are chains as another process sees them, through the API alone.
func (g *grove) remote(ids ...chain.ID) *relay.Chains {
	c := relay.NewChains()
	for _, id := range ids {
		on := g.client.On(fmt.Sprint(id))
		c.Add(id, relay.Remote{Ask: func(ask []byte) ([]byte, error) { return on.AskRelay(g.Context(), ask) }})
	}
	return c
}

// An envelope that is made of what other processes answer is the one that a process with all chains makes, also over three levels. It is
// taken in by the chain that it is for, once, whatever else was brought before.
func TestEnvelopeByAPI(t *testing.T) {
	g := startTree(t, false)
	first, second := g.pay(4, "alice", 3, "bob", 7), g.pay(4, "alice", 3, "bob", 8)
	for _, m := range []*chain.Message{first, second} {
		if _, err := g.client.Wait(t.Context(), m.ID()); err != nil {
			t.Fatal(err)
		}
	}
	g.carry(4, 2)
	g.carry(2, 1)
	all := relay.NewChains()
	for _, id := range []chain.ID{1, 2, 4} {
		all.Add(id, g.process.Node(id).Relay())
	}
	tree := g.process.Node(1).Tree()
	var envelopes [][]byte
	for number := uint64(0); number < 2; {
		here, err := all.Envelope(tree, 4, 3, number)
		if err != nil {
			t.Fatal(err)
		}
		there, err := g.remote(1, 2, 4).Envelope(tree, 4, 3, number)
		if err != nil || !bytes.Equal(here.Encode(), there.Encode()) {
			t.Fatalf("relay %d: %v: through the API it is another envelope", number, err)
		}
		envelopes = append(envelopes, here.Encode())
		number += uint64(len(here.Import.Messages))
	}
	if _, err := g.remote(1, 4).Envelope(tree, 4, 3, 0); err == nil {
		t.Error("an envelope without the chain between")
	}
	if _, err := g.remote(1, 2, 4).Envelope(tree, 4, 3, 2); err == nil {
		t.Error("an envelope of what was not sent")
	}
	spoilt := bytes.Clone(envelopes[0])
	spoilt[len(spoilt)/3] ^= 1
	_, _ = g.client.Deliver(t.Context(), "3", spoilt) // refused here or by the block: nothing of it comes in
	for i := range envelopes {
		e := envelopes[len(envelopes)-1-i] // the last ones first: they wait for those before
		if d, err := g.client.Deliver(t.Context(), "b", e); err != nil || d.Source != 4 || d.Expected > 2 {
			t.Fatalf("%v: %+v", err, d)
		}
	}
	g.settles(first.ID())
	g.settles(second.ID())
	if _, err := g.client.Deliver(t.Context(), "b", envelopes[0]); err != nil { // once more: it is too late
		t.Error(err)
	}
	g.pay(3, "erin", 3, "frank", 1) // a block more
	g.settles(g.pay(3, "erin", 3, "frank", 1).ID())
	if a, err := g.client.Account(t.Context(), address("bob").On(3)); err != nil || a.Balance != chain.NewAmount(balance+15) {
		t.Errorf("%v: %+v", err, a)
	}
	if _, err := g.client.Deliver(t.Context(), "2", envelopes[0]); !client.HasCode(err, client.CodeWrongChain) {
		t.Errorf("an envelope for another chain: %v", err)
	}
}

// What asks for nothing that there is, is refused; a chain that is alone takes in nothing.
func TestRelayRefuses(t *testing.T) {
	g := startTree(t, false)
	for _, ask := range []string{"", "\x00", "\x09", "\x01", "\x02\x00", "\x04" + string(make([]byte, 20)), "\x02\xff\xff\xff\xff\xff\xff\xff\xff", "\x05\x00", string(make([]byte, relay.MaxAskBytes+1))} {
		a, err := http.Post(g.url+"/v1/chains/1/relay", client.TypeMessage, bytes.NewReader([]byte(ask)))
		if err != nil {
			t.Fatal(err)
		}
		if a.Body.Close(); a.StatusCode < 400 || a.StatusCode >= 500 {
			t.Errorf("%.20q: status %d", ask, a.StatusCode)
		}
	}
	if _, err := g.client.Deliver(t.Context(), "3", []byte("x")); !client.HasCode(err, client.CodeBadRequest) {
		t.Error(err)
	}
}
