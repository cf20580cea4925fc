package transport

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

var samples = []frame{
	begin{Blocks, 7, 1 << 20, bytes.Repeat([]byte{1}, fragmentBytes)}, begin{Rest, 7, 3, []byte("abc")}, more{Votes, []byte{1}},
	credit{Rest, 5}, ping{1 << 40}, pong{2}, serves{}, serves{[]uint32{1, 2, 1 << 31}}, bye{"because"},
}

// W1, W3: every frame is read as it was written; a part of one, or more than one, is none.
func TestFrames(t *testing.T) {
	for _, f := range samples {
		b := f.append(nil)
		again, err := decodeFrame(b)
		if err != nil || !reflect.DeepEqual(again, f) {
			t.Errorf("%T: %v, %v", f, again, err)
		}
		switch f.(type) {
		case begin, more:
			if _, err := decodeFrame(append(b, bytes.Repeat([]byte{0}, fragmentBytes)...)); err == nil {
				t.Errorf("%T: a longer part than a fragment", f)
			}
			continue
		}
		for i := range b {
			if _, err := decodeFrame(b[:i]); err == nil {
				t.Errorf("%T: %d of %d bytes are a frame", f, i, len(b))
			}
		}
		if _, err := decodeFrame(append(b, 0)); err == nil {
			t.Errorf("%T: a byte behind it", f)
		}
	}
	all := make([]uint32, MaxChannels)
	for i := range all {
		all[i] = uint32(i)
	}
	if b := (serves{all}).append(nil); len(b) > maxFrameBytes {
		t.Errorf("the longest list of channels has %d bytes", len(b))
	}
}

func FuzzFrame(f *testing.F) {
	for _, s := range samples {
		f.Add(s.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := decodeFrame(b)
		if err == nil && !bytes.Equal(x.append(nil), b) {
			t.Errorf("%x is read as %v", b, x)
		}
	})
}

func FuzzHello(f *testing.F) {
	mine := Hello{1, 2, chain.NetworkID{1}, 5, "mine"}
	f.Add(mine.append(nil))
	f.Add(Hello{3, 4, chain.NetworkID{1}, 5, "theirs"}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, version, err := decodeHello(b, mine)
		if err != nil {
			return
		}
		if !bytes.Equal(h.append(nil), b) || version < 1 || version > 2 || h.Network != mine.Network {
			t.Errorf("%x is read as %+v, version %d", b, h, version)
		}
	})
}

// FuzzConversation: whatever frames come, no more is held than the windows, and what is received was said to be whole.
func FuzzConversation(f *testing.F) {
	var all []byte
	for _, s := range samples {
		all = appendFrame(all, s)
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, b []byte) {
		h := &Host{config: Config{}.withDefaults(), counts: counts{n: map[string]uint64{}}, channels: map[uint32]*Channel{}, peers: map[keys.PublicKey]*peer{}}
		h.channels[7] = &Channel{in: newInbox()}
		p := newPeer(h, keys.PublicKey{1}, true)
		c := &conn{peer: p, wake: make(chan struct{}, 1), hello: Hello{Session: 1}}
		p.attach(c)
		c.fill(nil)
		buf := make([]byte, maxFrameBytes)
		for r := bytes.NewReader(b); ; {
			raw, err := readFrame(r, buf)
			if err != nil {
				break
			}
			x, err := decodeFrame(raw)
			if err == nil {
				err = c.take(x)
			}
			if err != nil {
				break
			}
			for i := range p.held {
				if p.held[i] > p.rooms[i].window || p.held[i] < 0 {
					t.Fatalf("%d bytes are held of class %d", p.held[i], i)
				}
			}
		}
	})
}

func TestAssembly(t *testing.T) {
	var a assembly
	raw := bytes.Repeat([]byte{1, 2, 3}, fragmentBytes)
	err := a.begin(begin{Rest, 7, uint32(len(raw)), raw[:fragmentBytes]}, members[Rest], time.Time{})
	for at := fragmentBytes; err == nil && at < len(raw); at += fragmentBytes {
		if _, whole := a.take(); whole {
			t.Fatal("whole too early")
		}
		err = a.more(raw[at:min(len(raw), at+fragmentBytes)])
	}
	m, whole := a.take()
	if err != nil || !whole || m.channel != 7 || !bytes.Equal(m.buf, raw) || m.charged != charge(len(raw)) {
		t.Errorf("%v, %v: %d bytes, %d charged", err, whole, len(m.buf), m.charged)
	}
}

// A queue charges what an assembly does, begins again where a connection broke, and drops old votes for new ones.
func TestQueue(t *testing.T) {
	q := queue{rooms: &members}
	raw := bytes.Repeat([]byte{1, 2, 3}, fragmentBytes)
	q.push(Rest, message{7, raw})
	credit := [classes]int{Rest: charge(len(raw)) - 1}
	frames := 0
	for q.next(&credit) != nil {
		frames++
	}
	if frames != 2 {
		t.Errorf("%d fragments without credit for the third", frames)
	}
	q.again()
	credit[Rest] = charge(len(raw))
	if f, ok := q.next(&credit).(begin); !ok || int(f.size) != len(raw) {
		t.Error("a new connection doesn't begin at the start")
	}
	for q.next(&credit) != nil {
	}
	if credit[Rest] != 0 || q.lanes[Rest].bytes != 0 || len(q.lanes[Rest].waiting) != 0 {
		t.Errorf("%d of the credit is left; %+v", credit[Rest], q.lanes[Rest])
	}
	for i := range 50 {
		if !q.push(Votes, message{7, bytes.Repeat([]byte{byte(i)}, 200<<10)}) {
			t.Fatalf("vote %d finds no room", i)
		}
	}
	if l := q.lanes[Votes]; l.bytes > members[Votes].queue || l.waiting[len(l.waiting)-1].raw[0] != 49 {
		t.Errorf("%d bytes of votes wait", l.bytes)
	}
	if q.push(Votes, message{7, make([]byte, members[Votes].message+1)}) || q.push(Votes, message{7, nil}) {
		t.Error("a message that its class doesn't allow is taken")
	}
	for range 100 {
		q.push(Blocks, message{7, make([]byte, 5<<20)})
	}
	if l := q.lanes[Blocks]; l.bytes > members[Blocks].queue {
		t.Errorf("%d bytes of blocks wait", l.bytes)
	}
}

// Every room holds its longest message.
func TestRooms(t *testing.T) {
	for _, rooms := range [][classes]room{members, strangers} {
		for c, r := range rooms {
			if r.message > 0 && (charge(r.message) > r.window || charge(r.message) > r.queue || r.window < 2*low) {
				t.Errorf("class %d: %+v can't hold a message of full length", c, r)
			}
		}
	}
}

func TestScores(t *testing.T) {
	s := scores{}
	now := time.Unix(1000, 0)
	key := keys.PublicKey{1}
	for range 4 {
		if s.add(key, true, offence, now) {
			t.Fatal("banned too early")
		}
	}
	if now = now.Add(40 * time.Second); s.add(key, true, offence, now) {
		t.Error("nothing was forgiven")
	}
	if !s.add(key, true, offence, now) {
		t.Error("not banned")
	}
	for i, want := range []time.Duration{firstBan, 2 * firstBan, 4 * firstBan} {
		if i > 0 {
			s.add(key, true, breach, now)
		}
		until, is := s.banned(key, now)
		if !is || until != now.Add(want) {
			t.Errorf("ban %d ends after %s", i, until.Sub(now))
		}
		now = until
		if _, is := s.banned(key, now); is {
			t.Error("it doesn't end")
		}
	}
	for range 100 {
		s.add(key, true, breach, now)
	}
	if until, _ := s.banned(key, now); until != now.Add(longestBan) {
		t.Errorf("the longest ban ends after %s", until.Sub(now))
	}
	for i := range 2 * maxScores {
		s.add(keys.PublicKey{2, byte(i), byte(i >> 8)}, false, breach, now.Add(time.Second))
	}
	if _, is := s.banned(key, now); len(s) > maxScores || !is {
		t.Errorf("%d keys are remembered; a member is still banned: %t", len(s), is)
	}
}

// A connection whose place another took sends nothing of what waits for the node.
func TestReplacedSendsNothing(t *testing.T) {
	h := &Host{config: Config{}.withDefaults(), counts: counts{n: map[string]uint64{}}}
	p := newPeer(h, keys.PublicKey{1}, true)
	var conns [2]*conn
	for i := range conns {
		conns[i] = &conn{peer: p, wake: make(chan struct{}, 1), hello: Hello{Session: uint64(i)}, credit: [classes]int{Votes: 1000}}
		p.attach(conns[i])
	}
	p.send(Votes, message{7, []byte("vote")})
	if b := conns[0].fill(nil); len(b) != 0 {
		t.Errorf("%d bytes", len(b))
	}
	if b := conns[1].fill(nil); !bytes.Contains(b, []byte("vote")) {
		t.Error("the new connection doesn't send it")
	}
}
