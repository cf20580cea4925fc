package mesh

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

var testNetwork = chain.NetworkID{1}

func testKey(n byte) keys.PrivateKey { return keys.FromSeed([32]byte{n, 2}) }

// cables are the ways between nodes of a test, which can be cut.
type cables struct {
	mu  sync.Mutex
	cut func(from, to string) bool
}

func (c *cables) set(cut func(from, to string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
}

func (c *cables) isCut(from, to string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut != nil && c.cut(from, to)
}

// cable is a transport of memberlist that loses what goes through a cut.
type cable struct {
	*sockets
	of   *cables
	from string
}

func (c cable) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	if c.of.isCut(c.from, a.Addr) {
		return time.Now(), nil
	}
	return c.sockets.WriteToAddress(b, a)
}

func (c cable) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	if c.of.isCut(c.from, a.Addr) {
		return nil, errors.New("cut")
	}
	return c.sockets.DialAddressTimeout(a, timeout)
}

func (c cable) WriteTo(b []byte, addr string) (time.Time, error) {
	return c.WriteToAddress(b, memberlist.Address{Addr: addr})
}

func (c cable) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return c.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

func start(t *testing.T, n byte, c *cables, change ...func(*Config)) *Mesh {
	t.Helper()
	config := Config{
		Key: testKey(n), Network: testNetwork, Bind: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Rejoin: 100 * time.Millisecond,
		Self: Record{Transport: fmt.Sprintf("127.0.0.1:%d", 1000+int(n)), Software: "test", Serves: []Served{{1, 1, Data | Seat}}},
	}
	config.tune = func(m *memberlist.Config) {
		m.ProbeInterval, m.ProbeTimeout, m.GossipInterval = 100*time.Millisecond, 50*time.Millisecond, 20*time.Millisecond
		m.SuspicionMult, m.GossipToTheDeadTime, m.TCPTimeout, m.DeadNodeReclaimTime = 2, 300*time.Millisecond, time.Second, 50*time.Millisecond
		if c != nil {
			m.Transport = cable{m.Transport.(*sockets), c, fmt.Sprintf("%s:%d", m.AdvertiseAddr, m.AdvertisePort)}
		}
	}
	for _, f := range change {
		f(&config)
	}
	m, err := Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func seeds(of ...*Mesh) func(*Config) {
	return func(c *Config) {
		for _, m := range of {
			c.Seeds = append(c.Seeds, m.Addr())
		}
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// sees says whether exactly these are alive for m; of all others that are known it may say what it likes.
func sees(m *Mesh, alive ...byte) bool {
	var have, want []keys.PublicKey
	for _, x := range m.Members() {
		if x.Alive {
			have = append(have, x.Node)
		}
	}
	for _, n := range alive {
		want = append(want, testKey(n).Public())
	}
	slices.SortFunc(want, func(a, b keys.PublicKey) int { return bytes.Compare(a[:], b[:]) })
	return slices.Equal(have, want)
}

func member(m *Mesh, n byte) (Member, bool) {
	for _, x := range m.Members() {
		if x.Node == testKey(n).Public() {
			return x, true
		}
	}
	return Member{}, false
}

// Nodes find each other by one of them, and learn what each says of itself, also when it changes.
func TestJoin(t *testing.T) {
	a := start(t, 1, nil)
	b := start(t, 2, nil, seeds(a))
	c := start(t, 3, nil, seeds(a))
	eventually(t, "all see all", func() bool { return sees(a, 2, 3) && sees(b, 1, 3) && sees(c, 1, 2) })
	if m, ok := member(b, 3); !ok || m.Transport != "127.0.0.1:1003" || m.Does(1) != Data|Seat || m.Does(2) != 0 {
		t.Errorf("%+v", m)
	}
	if err := c.Update(func(r *Record) { r.Serves = append(r.Serves, Served{5, 100, Data}) }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the others know", func() bool { m, _ := member(b, 3); return m.Does(104) == Data })
	b.Close()
	eventually(t, "b has left", func() bool { return sees(a, 3) && sees(c, 1) })
	if m, ok := member(a, 2); !ok || m.Alive {
		t.Error("a node that left is forgotten")
	}
}

// M4: halves that were apart until each had forgotten the other find each other again, without anybody's doing.
func TestPartition(t *testing.T) {
	cut := &cables{}
	a := start(t, 1, cut)
	b := start(t, 2, cut, seeds(a))
	c := start(t, 3, cut, seeds(a))
	d := start(t, 4, cut, seeds(a))
	eventually(t, "all see all", func() bool { return sees(a, 2, 3, 4) && sees(d, 1, 2, 3) && sees(b, 1, 3, 4) && sees(c, 1, 2, 4) })
	left := []string{a.Addr(), b.Addr()}
	cut.set(func(from, to string) bool { return slices.Contains(left, from) != slices.Contains(left, to) })
	eventually(t, "two halves", func() bool { return sees(a, 2) && sees(b, 1) && sees(c, 4) && sees(d, 3) })
	eventually(t, "memberlist has forgotten the others", func() bool { return a.list.NumMembers() == 2 && d.list.NumMembers() == 2 })
	cut.set(nil)
	eventually(t, "all see all again", func() bool { return sees(a, 2, 3, 4) && sees(d, 1, 2, 3) && sees(b, 1, 3, 4) && sees(c, 1, 2, 4) })
}

// A node that starts again knows whom to ask, also if its seeds are gone.
func TestFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known")
	a := start(t, 1, nil)
	b := start(t, 2, nil, seeds(a))
	c := start(t, 3, nil, seeds(a), func(c *Config) { c.File = file })
	eventually(t, "all see all", func() bool { return sees(b, 1, 3) && sees(c, 1, 2) })
	before, _ := member(b, 3)
	c.Close()
	a.Close()
	eventually(t, "both are away", func() bool { return sees(b) })
	c = start(t, 3, nil, func(c *Config) { c.File = file })
	eventually(t, "they see each other", func() bool { return sees(b, 3) && sees(c, 2) })
	if after, _ := member(b, 3); after.Sequence <= before.Sequence || after.Gossip == before.Gossip {
		t.Errorf("%+v after %+v", after, before)
	}
}

// Who has another key, or none, is not heard; keys are changed without a stop.
func TestSecrets(t *testing.T) {
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	with := func(s []byte) func(*Config) { return func(c *Config) { c.Secrets = [][]byte{s} } }
	a := start(t, 1, nil, with(one))
	b := start(t, 2, nil, seeds(a), with(one))
	other := start(t, 3, nil, seeds(a), with(two))
	none := start(t, 4, nil, seeds(a))
	eventually(t, "those with the key see each other", func() bool { return sees(a, 2) && sees(b, 1) })
	eventually(t, "the others have tried", func() bool {
		return a.Counts()[CountSecrets] > 0 && a.Counts()[CountStreams] > 0 // of who has another one, and of who has none
	})
	if len(a.Members()) != 1 || len(other.Members()) != 0 || len(none.Members()) != 0 {
		t.Errorf("somebody was let in: %v, %v, %v", a.Members(), other.Members(), none.Members())
	}
	for _, m := range []*Mesh{a, b} {
		if err := m.SetSecrets([][]byte{one, two}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "who has the new one comes in", func() bool { return sees(a, 2, 3) || len(a.Members()) > 1 })
	for _, m := range []*Mesh{a, b} {
		if err := errors.Join(m.SetSecrets([][]byte{two, one}), m.SetSecrets([][]byte{two})); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all with the new one see each other", func() bool { return sees(a, 2, 3) && sees(b, 1, 3) && sees(other, 1, 2) })
	if len(none.Members()) != 0 {
		t.Error("a node without the key was let in")
	}
	if err := none.SetSecrets([][]byte{one}); !errors.Is(err, ErrNoSecrets) {
		t.Error(err)
	}
}

// D11: a member that lies, with the key of the mesh, makes others look dead for a while. Where they are remains known, and they come back.
func TestLyingMember(t *testing.T) {
	a := start(t, 1, nil)
	b := start(t, 2, nil, seeds(a))
	eventually(t, "they see each other", func() bool { return sees(a, 2) && sees(b, 1) })
	truth, _ := member(a, 2)

	socket, err := net.Dial("udp", a.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	say := func(kind byte, fields ...any) {
		label := "thinkey " + testNetwork.String()
		packet := append([]byte{244, byte(len(label))}, label...)
		if _, err := socket.Write(packed(append(packet, kind), fields...)); err != nil {
			t.Fatal(err)
		}
	}
	name := testKey(2).Public().String()
	for _, incarnation := range []uint32{1000, 1<<32 - 1} { // the last can't be refuted: it must be forgotten first
		say(5, "Incarnation", incarnation, "Node", name, "From", testKey(1).Public().String())
		eventually(t, "a believes it", func() bool { m, _ := member(a, 2); return !m.Alive })
		if m, ok := member(a, 2); !ok || m.Transport != truth.Transport {
			t.Errorf("%+v", m)
		}
		eventually(t, "the truth comes out", func() bool { return sees(a, 2) && sees(b, 1) })
	}

	// A member under another's name: with its record and an address of its own, with a record it made, with an old one.
	refused := func() uint64 { return a.Counts()[CountRefused] }
	other := truth.Record
	other.Transport, other.Sequence = "127.0.0.1:6666", truth.Sequence+1
	forged, err := other.Sign(testNetwork, testKey(9))
	if err != nil {
		t.Fatal(err)
	}
	copy(forged[1:], truth.Node[:])
	elsewhere := other
	elsewhere.Sequence = 0
	old, err := elsewhere.Sign(testNetwork, testKey(2))
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := splitAddress(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	for i, lie := range []struct {
		meta []byte
		port int
	}{{b.raw, 1}, {forged, port}, {old, port}, {[]byte("junk"), port}} {
		before := refused()
		say(4, "Incarnation", uint32(1<<20+i), "Node", name, "Addr", []byte{127, 0, 0, 1}, "Port", uint32(lie.port), "Meta", lie.meta, "Vsn", []byte{1, 5, 2, 0, 0, 0})
		eventually(t, fmt.Sprintf("lie %d is refused", i), func() bool { return refused() > before })
		if m, ok := member(a, 2); !ok || m.Transport != truth.Transport || m.Gossip != truth.Gossip {
			t.Errorf("lie %d: %+v", i, m)
		}
	}
	// Versions that nobody signs: with these nobody could join any more, nor two halves meet again.
	before := refused()
	for i, versions := range [][]byte{{5, 5, 5, 0, 0, 0}, {1, 1, 1, 0, 0, 0}, {1, 5, 5, 0, 0, 0}, {1, 5, 2, 1, 1, 1}} {
		say(4, "Incarnation", uint32(1<<32-1), "Node", name, "Addr", []byte{127, 0, 0, 1}, "Port", uint32(port), "Meta", b.raw, "Vsn", versions)
		eventually(t, fmt.Sprintf("versions %d are refused", i), func() bool { return refused() > before+uint64(i) })
	}
	c := start(t, 3, nil, seeds(a))
	eventually(t, "another one joins", func() bool { return sees(a, 2, 3) && sees(c, 1, 2) })
	if len(a.Members()) != 2 {
		t.Errorf("%d members", len(a.Members()))
	}
}

// Whatever strangers have said is somewhere, nodes that are registered and away are asked first.
func TestRegisteredAreAskedFirst(t *testing.T) {
	registered := testKey(200).Public()
	m := start(t, 1, nil, func(c *Config) {
		c.Rejoin, c.Registered = time.Hour, func(k keys.PublicKey) bool { return k == registered }
	})
	for n := byte(101); n <= 200; n++ {
		r := Record{Sequence: 1, Gossip: fmt.Sprintf("127.0.0.%d:1", n), Transport: "127.0.0.1:2"}
		raw, err := r.Sign(testNetwork, testKey(n))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.known.learn(raw, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		if list := m.away(); len(list) != rejoinEach || list[0] != "127.0.0.200:1" {
			t.Fatal(list)
		}
	}
}

// Whoever starts a mesh says who is registered, and who of these has a seat.
func TestRanks(t *testing.T) {
	is := func(n ...byte) func(keys.PublicKey) bool {
		return func(k keys.PublicKey) bool {
			return slices.ContainsFunc(n, func(n byte) bool { return k == testKey(n).Public() })
		}
	}
	m := start(t, 1, nil, func(c *Config) { c.Registered, c.Seated = is(2, 3), is(3, 4) })
	for n, want := range map[byte]rank{2: registered, 3: seated, 4: unregistered, 5: unregistered} {
		if got := m.known.rank(testKey(n).Public()); got != want {
			t.Errorf("node %d: %d, want %d", n, got, want)
		}
	}
	if m := start(t, 1, nil); m.known.rank(testKey(2).Public()) != registered {
		t.Error("a node has a seat, or none a deposit, where there is no telling")
	}
}

// packed appends what memberlist sends: a map of fields.
func packed(b []byte, fields ...any) []byte {
	b = append(b, 0x80|byte(len(fields)/2))
	for _, f := range fields {
		switch f := f.(type) {
		case string:
			b = append(append(b, 0xda, byte(len(f)>>8), byte(len(f))), f...)
		case []byte:
			b = append(append(b, 0xda, byte(len(f)>>8), byte(len(f))), f...)
		case uint32:
			b = binary.BigEndian.AppendUint32(append(b, 0xce), f)
		}
	}
	return b
}

// A node whose program says what it is in another way is not seen by gossip: that is counted, and has one line in a while.
func TestOtherVersions(t *testing.T) {
	var lines bytes.Buffer
	registered := true
	is := func(keys.PublicKey) bool { return registered }
	m := &Mesh{config: Config{Network: testNetwork, Registered: is, Log: slog.New(slog.NewTextHandler(&lines, nil))}, counts: map[string]uint64{}}
	m.known = known{network: testNetwork, registered: is, seated: is, nodes: map[keys.PublicKey]*entry{}}
	d := delegate{m}
	r := Record{Node: testKey(2).Public(), Sequence: 1, Gossip: "127.0.0.1:1000", Transport: "127.0.0.1:1001"}
	raw, err := r.Sign(testNetwork, testKey(2))
	if err != nil {
		t.Fatal(err)
	}
	node := func(version uint8, gossip uint8) *memberlist.Node {
		meta := bytes.Clone(raw)
		meta[0] = version
		return &memberlist.Node{
			Name: r.Node.String(), Addr: net.IPv4(127, 0, 0, 1), Port: 1000, Meta: meta,
			PMin: memberlist.ProtocolVersionMin, PMax: memberlist.ProtocolVersionMax, PCur: gossip,
		}
	}
	if err := d.NotifyAlive(node(recordVersion, gossipVersion)); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*memberlist.Node{node(recordVersion+1, gossipVersion), node(recordVersion, gossipVersion+1), node(recordVersion-1, gossipVersion)} {
		if err := d.NotifyAlive(n); err == nil {
			t.Error("it is seen")
		}
	}
	if n := m.Counts()[CountVersions]; n != 3 || strings.Count(lines.String(), "another version") != 1 || !strings.Contains(lines.String(), fmt.Sprintf("record version %d", recordVersion+1)) {
		t.Errorf("%d counted, and said: %s", n, lines.String())
	}
	registered = false
	if d.foreign(node(1, 1), ErrVersions, time.Now().Add(2*versionPause)); strings.Count(lines.String(), "another version") != 1 {
		t.Errorf("a stranger made a line: %s", lines.String())
	}
	registered = true
	if d.foreign(node(1, 1), ErrVersions, time.Now().Add(2*versionPause)); strings.Count(lines.String(), "another version") != 2 {
		t.Errorf("later: %s", lines.String())
	}
}
