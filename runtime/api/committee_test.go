package api_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// A block, and the proof of an account, come with the certificate that makes them final: a client that knows the committee
// need not trust the node, and one that was told another committee believes nothing (K6).
func TestCertificates(t *testing.T) {
	secret := keys.BLSFromSeed([32]byte{9})
	own := key("alice").Public()
	wires := node.NewSwitch()
	defer wires.Close()
	g := genesis()
	g.Committee = chain.Committee{Chain: g.Chain}
	g.AddSeat(own, secret)
	r := start(t, setup{auto: true, node: func(c *node.Config) {
		c.Genesis, c.Heartbeat = g, 20*time.Millisecond
		c.Member = &node.Member{Node: own, Secret: secret, Net: wires.Port(own), Founding: true}
	}})
	if err := r.node.AwaitAbove(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	says, err := r.client.Committee(t.Context())
	if err != nil || says.Network != g.Network() || says.Hash != g.Committee.Hash() || says.Quorums.Certificate != 1 || len(says.Seats) != 1 || says.Seats[0].Key != secret.Public() {
		t.Fatalf("committee %+v, %v", says, err)
	}
	told, err := chain.DecodeCommittee(says.Raw)
	if err != nil || told.Hash() != says.Hash {
		t.Fatal(err)
	}
	trusting := func(c chain.Committee) *client.Client {
		t.Helper()
		known, err := light.NewCommittee(g.Network(), c)
		if err != nil {
			t.Fatal(err)
		}
		return client.New(r.url, client.WithTries(1), client.WithCommittee(known))
	}
	c := trusting(told)
	b, err := c.Block(t.Context(), 2)
	if err != nil || b.Certificate == nil || !slices.Equal(b.Certificate.Seats, []int{0}) {
		t.Fatalf("block %+v, %v", b, err)
	}
	if a, err := c.ProvenAccount(t.Context(), address("bob")); err != nil || !a.Exists || len(a.Proof.Certificate) == 0 && a.Height > 0 {
		t.Fatalf("account %+v, %v", a, err)
	}
	other := told
	other.Seats = []chain.Seat{{Node: own, Key: keys.BLSFromSeed([32]byte{8}).Public()}}
	stranger := trusting(other)
	if _, err := stranger.Block(t.Context(), 2); !errors.Is(err, client.ErrProof) {
		t.Errorf("a block of another committee: %v", err)
	}
	if _, err := stranger.ProvenAccount(t.Context(), address("bob")); !errors.Is(err, client.ErrProof) {
		t.Errorf("an account of another committee's chain: %v", err)
	}
	if err := stranger.Blocks(t.Context(), 1, func(client.Block) error { return nil }); !errors.Is(err, client.ErrProof) {
		t.Errorf("a stream of another committee's blocks: %v", err)
	}
	var e *client.Error
	if err := r.client.Mine(t.Context(), 1); !errors.As(err, &e) || e.Code != client.CodeAgreed {
		t.Errorf("a block on demand: %v", err)
	}
}

// Where one validator runs the chain there is no certificate, and no seat.
func TestNoCommittee(t *testing.T) {
	r := start(t, setup{})
	r.mine(1)
	says, err := r.client.Committee(t.Context())
	if err != nil || len(says.Seats) != 0 || len(says.Raw) != 0 || says.Quorums != (client.Quorums{}) {
		t.Fatalf("%+v, %v", says, err)
	}
	if b, err := r.client.Block(t.Context(), 1); err != nil || b.Certificate != nil {
		t.Fatalf("%+v, %v", b.Certificate, err)
	}
}
