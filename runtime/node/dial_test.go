package node

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/cluster/transport"
	"github.com/thinkey/thinkey/sdk/keys"
)

func metAt(kind byte, i int) mesh.Member {
	return mesh.Member{Record: mesh.Record{Node: keys.PublicKey{kind, byte(i >> 8), byte(i)}, Transport: "127.0.0.1:1"}}
}

// A deposit alone makes a member, and not one that goes before others.
func TestSeated(t *testing.T) {
	seat, deposit := metAt(9, 0).Node, metAt(1, 0).Node
	l := &Links{members: map[keys.PublicKey]bool{seat: true}, deposit: map[keys.PublicKey]bool{seat: true, deposit: true}}
	if !l.isMember(seat) || !l.isSeated(seat) || !l.isMember(deposit) || l.isSeated(deposit) {
		t.Error("seat and deposit are mixed up")
	}
}

// Who has a seat is dialed before who has not, and of these who is dialed already before who is not.
func TestChoose(t *testing.T) {
	seated := func(k keys.PublicKey) bool { return k[0] == 9 }
	list := []mesh.Member{metAt(1, 0), metAt(1, 1), metAt(1, 2), metAt(9, 0), metAt(9, 1)}
	reached := map[keys.PublicKey]bool{list[1].Node: true, list[4].Node: true}
	want := []mesh.Member{list[3], list[4], list[1], list[0], list[2]}
	for most := range 7 {
		got := choose(list, seated, reached, most)
		if !slices.EqualFunc(got, want[:min(most, len(want))], func(a, b mesh.Member) bool { return a.Node == b.Node }) {
			t.Errorf("where %d have room: %+v", most, got)
		}
	}
}

// Nodes with a deposit, in whatever number and under whatever keys, don't keep those with a seat from dialing each other, and make one line in a while.
func TestSeatsAreDialed(t *testing.T) {
	host, err := transport.Listen(transport.Config{
		Key: keys.FromSeed([32]byte{1}), Listen: "127.0.0.1:0", Member: func(keys.PublicKey) bool { return true }, Log: slog.New(slog.DiscardHandler),
		Dial: func(context.Context, string) (net.Conn, error) { return nil, errCut },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	var lines bytes.Buffer
	d, now := dialing{
		host: host, log: slog.New(slog.NewTextHandler(&lines, nil)),
		member: func(k keys.PublicKey) bool { return k[0] != 2 }, seated: func(k keys.PublicKey) bool { return k[0] == 9 },
	}, time.Unix(1000, 0)
	known := []mesh.Member{metAt(2, 0)}
	for i := range transport.MaxTargets + 10 {
		known = append(known, metAt(1, i))
	}
	look := func(after time.Duration, seats int, said int) {
		t.Helper()
		now = now.Add(after)
		d.look(known, now)
		peers, seated := host.Peers(), 0
		for _, p := range peers {
			if d.seated(p.Key) {
				seated++
			}
		}
		if len(peers) != transport.MaxTargets || seated != seats || len(d.reached) != len(peers) {
			t.Errorf("%d nodes are dialed, %d with a seat of %d", len(peers), seated, seats)
		}
		if n := strings.Count(lines.String(), "\n"); n != said {
			t.Errorf("%d lines, want %d: %s", n, said, lines.String())
		}
	}
	look(0, 0, 1)
	for i := range 5 {
		known = append(known, metAt(9, i))
	}
	look(time.Second, 5, 1)
	look(tooManyPause, 5, 2)
	known = known[:transport.MaxTargets+1] // those with a seat are gone, and some others
	look(tooManyPause, 0, 2)
}
