package mesh

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/entrance"
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

// knowing knows nobody yet, and says of some records whether they are taken.
type knowing struct {
	known
	t *testing.T
}

func newKnowing(t *testing.T, registered ...keys.PublicKey) *knowing {
	is := func(key keys.PublicKey) bool { return slices.Contains(registered, key) }
	none := func(keys.PublicKey) bool { return false }
	return &knowing{known{network: testNetwork, nodes: map[keys.PublicKey]*entry{}, registered: is, seated: none}, t}
}

// record is one of a node, with a signature that doesn't hold if it is forged.
func (k *knowing) record(key keys.PrivateKey, sequence uint64, forged bool) []byte {
	r := Record{Sequence: sequence, Gossip: "127.0.0.1:1", Transport: "127.0.0.1:2"}
	b, err := r.Sign(testNetwork, key)
	if err != nil {
		k.t.Fatal(err)
	}
	if forged {
		b[len(b)-40] ^= 1
	}
	return b
}

func (k *knowing) say(key keys.PrivateKey, sequence uint64, at time.Time) error {
	_, err := k.learn(k.record(key, sequence, false), at)
	return err
}

func stranger(i int) keys.PrivateKey { return keys.FromSeed([32]byte{9, byte(i), byte(i >> 8)}) }

// M2: keys that anybody can make don't push out nodes that are registered, nor each other before they were silent for long.
func TestKnownBounds(t *testing.T) {
	k, now := newKnowing(t, testKey(1).Public()), time.Unix(1000, 0)
	for i := range maxUnregistered + 50 {
		now = now.Add(time.Second / 2) // slow enough for each to be looked at
		if err := k.say(stranger(i), 5, now); (err != nil) != (i >= maxUnregistered) {
			t.Fatalf("node %d: %v", i, err)
		}
	}
	if err := k.say(testKey(1), 5, now); err != nil {
		t.Error(err)
	}
	if err := k.say(testKey(1), 4, now); !errors.Is(err, errOld) {
		t.Error(err)
	}
	if len(k.nodes) != maxUnregistered+1 {
		t.Errorf("%d nodes", len(k.nodes))
	}
	for i := range maxUnregistered - 1 {
		if err := k.say(stranger(i), 5, now.Add(strangerAge)); err != nil {
			t.Fatalf("node %d again: %v", i, err)
		}
	}
	last := stranger(maxUnregistered - 1)
	if k.get(last.Public()) == nil {
		t.Fatal("the last one isn't known")
	}
	for i, want := range []error{nil, errFull} {
		if err := k.say(stranger(5000+i), 5, now.Add(strangerAge)); !errors.Is(err, want) {
			t.Errorf("another one, when one was silent for long: %v, want %v", err, want)
		}
	}
	if k.get(last.Public()) != nil || k.get(testKey(1).Public()) == nil {
		t.Error("another one went than the one that was silent for long")
	}
}

// M2: where as many registered nodes are known as may be, one that has a seat is known, too, in place of the one without that was heard of longest ago.
func TestSeatsAreKnown(t *testing.T) {
	k, now := newKnowing(t), time.Unix(1000, 0)
	deposit := func(i int) keys.PublicKey { return keys.PublicKey{1, byte(i), byte(i >> 8)} }
	seat := func(i int) keys.PublicKey { return keys.PublicKey{0xff, byte(i)} } // behind all others
	meet := func(key keys.PublicKey, want error) {
		t.Helper()
		now = now.Add(time.Second)
		if err := k.keep(&Record{Node: key, Sequence: uint64(now.Unix())}, nil, now); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	k.registered = func(key keys.PublicKey) bool { return key[0] != 2 }
	k.seated = func(key keys.PublicKey) bool { return key[0] == 0xff || key == deposit(1) }
	for i := range maxNodes {
		meet(deposit(i), nil)
	}
	meet(deposit(0), nil) // again: number 2 is the one without a seat that was heard of longest ago
	meet(deposit(maxNodes), errFull)
	meet(keys.PublicKey{2}, errFull)
	meet(seat(0), nil)
	meet(seat(1), nil)
	for i, want := range []bool{true, true, false, false, true} {
		if k.get(deposit(i)) != nil != want {
			t.Errorf("node %d is known: %t", i, !want)
		}
	}
	if len(k.nodes) != maxNodes || k.get(seat(0)) == nil || k.get(seat(1)) == nil {
		t.Errorf("%d are known", len(k.nodes))
	}
	k.seated = k.registered
	meet(seat(2), errFull)
}

// Connections come from where a registered node is, however its address is written: of an IPv6 address its first half counts.
func TestHostsOfRegistered(t *testing.T) {
	k := newKnowing(t, testKey(1).Public(), testKey(2).Public())
	for i, at := range []string{"[2001:db8::1]:5", "[::ffff:192.0.2.7]:5", "[2001:db8:0:1::1]:5"} {
		key := testKey(byte(1 + i)).Public()
		k.nodes[key] = &entry{record: &Record{Node: key, Gossip: at}}
	}
	for from, want := range map[string]bool{"2001:db8::2": true, "192.0.2.7": true, "2001:db8:0:1::1": false, "192.0.2.8": false} {
		if k.isAt(entrance.Host(from)) != want {
			t.Errorf("from %s: %t", from, !want)
		}
	}
}

// Records that nobody made cost a bounded number of signatures in a second, and those under one key keep back none under others that are known.
func TestChecksAreBounded(t *testing.T) {
	good, unmet, others := testKey(1), testKey(2), []keys.PrivateKey{testKey(3), testKey(4)}
	k, now := newKnowing(t, good.Public(), unmet.Public(), others[0].Public(), others[1].Public()), time.Unix(1000, 0)
	looked := func(key keys.PrivateKey, times int) (n int) {
		for i := range times {
			switch _, err := k.learn(k.record(key, 1000+uint64(i), true), now); {
			case errors.Is(err, ErrRecord):
				n++
			case !errors.Is(err, errMany):
				t.Fatalf("a forged record: %v", err)
			}
		}
		return n
	}
	if n := looked(stranger(1), 2*maxUnregistered); n != maxUnregistered {
		t.Errorf("%d signatures of strangers were looked at; want %d", n, maxUnregistered)
	}
	if err := k.say(stranger(2), 1, now); !errors.Is(err, errMany) {
		t.Errorf("a true one: %v", err)
	}
	if err := k.say(good, 1, now); err != nil {
		t.Errorf("a registered node's, while strangers come: %v", err)
	}
	if err := k.say(good, 1, now); err != nil { // it is known
		t.Error(err)
	}
	if n := looked(good, 100); n != keyFirst {
		t.Errorf("%d signatures under a registered key were looked at; want %d", n, keyFirst)
	}
	for _, other := range others { // of which it costs none
		if err := k.say(other, 1, now); err != nil {
			t.Error(err)
		}
	}
	k.checks.left = 10
	if n := looked(unmet, 100); n != 10 {
		t.Errorf("%d signatures of a registered node that isn't known were looked at; want 10", n)
	}
	if err := k.say(others[0], 2, now); err != nil {
		t.Errorf("one that is known, meanwhile: %v", err)
	}
	now = now.Add(time.Second)
	for _, c := range []struct {
		key  keys.PrivateKey
		want int
	}{{good, keyChecks}, {unmet, maxChecks}, {stranger(1), strangerChecks}} {
		if n := looked(c.key, 2*c.want); n != c.want {
			t.Errorf("%d a second later; want %d", n, c.want)
		}
	}
}

// What was known before a restart is known after it, although nobody but the first members counts as registered yet.
func TestFileIsReadWhole(t *testing.T) {
	k, path := newKnowing(t, testKey(1).Public()), filepath.Join(t.TempDir(), "known")
	now := time.Unix(1000, 0)
	var all []keys.PublicKey
	for i := range maxUnregistered + 100 {
		key := stranger(i)
		if err := k.keep(&Record{Node: key.Public()}, k.record(key, 1, false), now); err == nil {
			all = append(all, key.Public())
		}
		if i == maxUnregistered-100 {
			k.registered = func(keys.PublicKey) bool { return true } // deposits are known now
		}
	}
	k.fresh = true
	if err := k.save(path); err != nil {
		t.Fatal(err)
	}
	again := newKnowing(t, testKey(1).Public())
	if err := again.load(path, now); err != nil {
		t.Fatal(err)
	}
	if err := again.say(stranger(5000), 1, now.Add(strangerAge-1)); !errors.Is(err, errFull) {
		t.Errorf("a stranger, before it is known who is registered: %v", err)
	}
	for _, key := range all {
		if again.get(key) == nil {
			t.Fatalf("%d of %d are known again", len(again.nodes), len(all))
		}
	}
	if len(all) != maxUnregistered+100 {
		t.Errorf("%d are known", len(all))
	}
}

// A list that could not be written is written when it can be, also if nothing has changed since.
func TestFileIsWrittenLater(t *testing.T) {
	k, dir := newKnowing(t), filepath.Join(t.TempDir(), "later")
	if err := k.say(stranger(1), 1, time.Unix(1000, 0)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "known")
	if err := k.save(path); err == nil {
		t.Fatal("it is written to a directory that there isn't")
	}
	if err := os.MkdirAll(path, 0o700); err != nil { // in the way of the file
		t.Fatal(err)
	}
	if err := k.save(path); err == nil {
		t.Fatal("it is written over a directory")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := k.save(path); err != nil {
		t.Fatal(err)
	}
	again := newKnowing(t)
	if err := again.load(path, time.Unix(2000, 0)); err != nil || len(again.nodes) != 1 {
		t.Errorf("%d nodes, %v", len(again.nodes), err)
	}
}
