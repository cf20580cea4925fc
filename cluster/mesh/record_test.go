package mesh

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

func longest() Record {
	long := func(n int) string { return strings.Repeat("n", n-5) + ":6554" }
	r := Record{Sequence: 1 << 60, Gossip: "[1111:2222:3333:4444:5555:6666:7777:8888]:65535", Transport: long(maxAddress), API: long(maxAddress), Actors: 65535, Software: strings.Repeat("s", maxSoftware)}
	for i := range uint32(MaxServed) {
		r.Serves = append(r.Serves, Served{chain.ID(10 * i), 5, Data})
	}
	return r
}

// Every record that can be said fits into what memberlist takes.
func TestRecordFits(t *testing.T) {
	r := longest()
	b, err := r.Sign(testNetwork, testKey(1))
	if err != nil || len(b)+maxAddress-len(r.Gossip) > maxRecordBytes {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	again, err := DecodeRecord(testNetwork, b)
	if err != nil || !bytes.Equal(again.body(), r.body()) {
		t.Errorf("%+v, %v", again, err)
	}
}

// M1: a record counts as it was signed, for its network, or not at all.
func TestRecordChanged(t *testing.T) {
	r := longest()
	b, err := r.Sign(testNetwork, testKey(1))
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		changed := bytes.Clone(b)
		changed[i] ^= 1
		if _, err := DecodeRecord(testNetwork, changed); !errors.Is(err, ErrRecord) {
			t.Errorf("byte %d: %v", i, err)
		}
		if _, err := DecodeRecord(testNetwork, b[:i]); err == nil {
			t.Errorf("%d of %d bytes are a record", i, len(b))
		}
	}
	if _, err := DecodeRecord(chain.NetworkID{2}, b); !errors.Is(err, keys.ErrSignature) {
		t.Error(err)
	}
	if _, err := DecodeRecord(testNetwork, append(b, 0)); err == nil {
		t.Error("a byte behind it")
	}
}

func TestRecordCheck(t *testing.T) {
	for name, change := range map[string]func(*Record){
		"no port": func(r *Record) { r.Transport = "host" }, "port 0": func(r *Record) { r.Transport = "host:0" },
		"a name for gossip": func(r *Record) { r.Gossip = "host:1" }, "no transport": func(r *Record) { r.Transport = "" },
		"a long address": func(r *Record) { r.API = "x" + r.API }, "a long name": func(r *Record) { r.Software += "x" },
		"runs that overlap": func(r *Record) { r.Serves[1].First = 4 }, "an empty run": func(r *Record) { r.Serves[1].Count = 0 },
		"no role": func(r *Record) { r.Serves[1].Roles = 0 }, "a role that there is not": func(r *Record) { r.Serves[1].Roles = 8 },
		"too many runs": func(r *Record) { r.Serves = append(r.Serves, Served{1 << 30, 1, Data}) },
	} {
		r := longest()
		change(&r)
		if _, err := r.Sign(testNetwork, testKey(1)); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRecord(f *testing.F) {
	r := longest()
	b, err := r.Sign(testNetwork, testKey(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := DecodeRecord(testNetwork, b); err == nil && !bytes.Equal(r.body(), b[:len(b)-len(keys.Signature{})]) {
			t.Errorf("%x is read as %+v", b, r)
		}
	})
}

// M2: keys that anybody can make don't push out nodes that are registered.
func TestKnownBounds(t *testing.T) {
	good := testKey(1).Public()
	k := known{network: testNetwork, nodes: map[keys.PublicKey]*entry{}, registered: func(key keys.PublicKey) bool { return key == good }}
	say := func(key keys.PrivateKey, sequence uint64) error {
		r := Record{Sequence: sequence, Gossip: "127.0.0.1:1", Transport: "127.0.0.1:2"}
		b, err := r.Sign(testNetwork, key)
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.learn(b, time.Unix(int64(sequence), 0))
		return err
	}
	for i := range maxUnregistered + 50 {
		if err := say(keys.FromSeed([32]byte{9, byte(i), byte(i >> 8)}), 5); (err != nil) != (i >= maxUnregistered) {
			t.Fatalf("node %d: %v", i, err)
		}
	}
	if err := say(testKey(1), 5); err != nil {
		t.Error(err)
	}
	if err := say(testKey(1), 4); !errors.Is(err, errOld) {
		t.Error(err)
	}
	if len(k.nodes) != maxUnregistered+1 {
		t.Errorf("%d nodes", len(k.nodes))
	}
}
