package mesh

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

const testLabel = "thinkey 01"

// labelled is what goes to a network.
func labelled(label string, parts ...[]byte) []byte {
	b := append([]byte{kindLabel, byte(len(label))}, label...)
	return append(b, bytes.Join(parts, nil)...)
}

// written is a message as memberlist writes it.
func written(t testing.TB, kind byte, what any) []byte {
	t.Helper()
	b := bytes.NewBuffer([]byte{kind})
	if err := codec.NewEncoder(b, &codec.MsgpackHandle{}).Encode(what); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func stateOf(t testing.TB, nodes, user int) []byte {
	return written(t, kindPushPull, map[string]any{"Nodes": nodes, "UserStateLen": user, "Join": true})
}

// unpacks is a message that unpacks to zeros.
func unpacks(t testing.TB, size int) []byte {
	var b bytes.Buffer
	w := lzw.NewWriter(&b, lzw.LSB, 8)
	if _, err := w.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return written(t, 9, map[string]any{"Algo": 0, "Buf": b.Bytes()})
}

func compound(parts ...[]byte) []byte {
	b := []byte{kindCompound, byte(len(parts))}
	for _, p := range parts {
		b = binary.BigEndian.AppendUint16(b, uint16(len(p)))
	}
	return append(b, bytes.Join(parts, nil)...)
}

func TestPackets(t *testing.T) {
	ping := written(t, kindPing, map[string]any{"SeqNo": 1})
	for name, c := range map[string]struct {
		packet        []byte
		plain, secret bool // taken where there is no secret, where there is one
	}{
		"ping":                    {labelled(testLabel, ping), true, true},
		"ping with its checksum":  {labelled(testLabel, []byte{kindSum, 1, 2, 3, 4}, ping), true, true},
		"nack":                    {labelled(testLabel, written(t, kindNack, map[string]any{"SeqNo": 1})), true, true},
		"several":                 {labelled(testLabel, compound(ping, ping)), true, true},
		"nothing":                 {nil, false, false},
		"another network":         {labelled("thinkey 02", ping), false, false},
		"a longer label":          {labelled(testLabel+"0", ping), false, false},
		"no label":                {ping, false, false},
		"no message":              {labelled(testLabel), false, true},
		"message for the user":    {labelled(testLabel, []byte{8}), false, true},
		"all that a node knows":   {labelled(testLabel, stateOf(t, 1, 0)), false, true},
		"to be unpacked":          {labelled(testLabel, unpacks(t, 10)), false, true},
		"several in several":      {labelled(testLabel, compound(ping, compound(ping))), false, true},
		"to be unpacked, in one":  {labelled(testLabel, compound(unpacks(t, 10))), false, true},
		"one of them cut off":     {labelled(testLabel, compound(ping, ping)[:20]), false, true},
		"none of several":         {labelled(testLabel, compound(nil)), false, true},
		"a word without an end":   {labelled(testLabel, ping[:len(ping)-1]), false, true},
		"more than one message":   {labelled(testLabel, ping, []byte{0}), false, true},
		"several, without length": {labelled(testLabel, []byte{kindCompound}), false, true},
	} {
		for _, secret := range []bool{false, true} {
			want := c.plain
			if secret {
				want = c.secret
			}
			if err := (looks{testLabel, secret}).packet(c.packet); (err == nil) != want {
				t.Errorf("%s, secret %t: %v", name, secret, err)
			}
		}
	}
}

// nobodySays are maps that no member writes. Who reads MessagePack by its rules would make room for four gigabytes of most of them.
var nobodySays = map[string][]byte{
	"an instant of any length": {0x81, 0xa1, 'x', 0xc9, 0xff, 0xff, 0xff, 0xff, 0xff},
	"an extension":             {0x81, 0xa1, 'x', 0xd4, 1, 1},
	"bytes of any length":      {0x81, 0xa1, 'x', 0xdb, 0xff, 0xff, 0xff, 0xff},
	"too long a text":          append([]byte{0x81, 0xa1, 'x', 0xda, 0x10, 0}, make([]byte, mostMap)...),
	"a list":                   {0x81, 0xa1, 'x', 0xdd, 0xff, 0xff, 0xff, 0xff},
	"a short list":             {0x81, 0xa1, 'x', 0x91, 1},
	"a map":                    {0x81, 0xa1, 'x', 0x80},
	"a map of any length":      {0xdf, 0xff, 0xff, 0xff, 0xff},
	"a list for a map":         {0x91, 1},
	"a number for a name":      {0x81, 1, 1},
	"a fraction":               {0x81, 0xa1, 'x', 0xca, 0, 0, 0, 0},
	"what means nothing":       {0x81, 0xa1, 'x', 0xc1},
}

func TestNobodySays(t *testing.T) {
	open, shut := looks{label: testLabel}, looks{testLabel, true}
	for name, b := range nobodySays {
		for kind := range byte(kindDead + 1) {
			if err := open.packet(labelled(testLabel, []byte{kind}, b)); !errors.Is(err, errKind) {
				t.Errorf("%s, in a packet: %v", name, err)
			}
		}
		state := bytes.TrimPrefix(stateOf(t, 3, 0), []byte{kindPushPull})
		for where, c := range map[string]struct {
			l        looks
			labelled bool
			stream   []byte
		}{
			"as a ping":            {open, true, labelled(testLabel, []byte{kindPing}, b)},
			"as an ack":            {open, false, append([]byte{kindAck}, b...)},
			"as an error":          {open, false, append([]byte{kindError}, b...)},
			"as an error in plain": {shut, false, append([]byte{kindError}, b...)},
			"before a state":       {open, true, labelled(testLabel, []byte{kindPushPull}, b)},
			"in a state":           {open, true, labelled(testLabel, []byte{kindPushPull}, state, b)},
			"in an answer's":       {open, false, append(append([]byte{kindPushPull}, state...), b...)},
		} {
			if read, err := readStream(c.l, c.labelled, c.stream); !errors.Is(err, errKind) || bytes.HasSuffix(read, b) {
				t.Errorf("%s, %s: %v", name, where, err)
			}
		}
	}
}

// fixed is a connection on which something comes.
type fixed struct {
	net.Conn
	io.Reader
}

func (f fixed) Read(b []byte) (int, error) { return f.Reader.Read(b) }

// readStream is what memberlist would read.
func readStream(l looks, labelled bool, b []byte) ([]byte, error) {
	return io.ReadAll(&stream{Conn: fixed{nil, bytes.NewReader(b)}, looks: l, labelled: labelled, refused: func(string) {}})
}

func TestStreams(t *testing.T) {
	for name, c := range map[string]struct {
		stream           []byte
		labelled, secret bool
		want             error
	}{
		"state":                        {stream: labelled(testLabel, stateOf(t, mostSaid, 0)), labelled: true},
		"ping":                         {stream: labelled(testLabel, []byte{kindPing}), labelled: true},
		"answer":                       {stream: stateOf(t, 3, 0)},
		"ack":                          {stream: []byte{kindAck}},
		"error":                        {stream: []byte{kindError}},
		"secret":                       {stream: labelled(testLabel, []byte{kindEncrypt}), labelled: true, secret: true},
		"secret answer":                {stream: []byte{kindEncrypt}, secret: true},
		"another network":              {labelled("thinkey 02", stateOf(t, 1, 0)), true, false, errLabel},
		"no label":                     {stateOf(t, 1, 0), true, false, errLabel},
		"an answer that isn't asked":   {labelled(testLabel, []byte{kindAck}), true, false, errKind},
		"a question for an answer":     {[]byte{kindPing}, false, false, errKind},
		"message for the user":         {labelled(testLabel, []byte{8}), true, false, errKind},
		"to be unpacked":               {labelled(testLabel, unpacks(t, 10)), true, false, errKind},
		"too many nodes":               {labelled(testLabel, stateOf(t, mostSaid+1, 0)), true, false, errKind},
		"too many nodes, as answer":    {stateOf(t, 1<<20, 0), false, false, errKind},
		"state of the user":            {labelled(testLabel, stateOf(t, 1, 1)), true, false, errKind},
		"less than no nodes":           {labelled(testLabel, stateOf(t, -1, 0)), true, false, errKind},
		"plain where there's a secret": {labelled(testLabel, stateOf(t, 1, 0)), true, true, errKind},
		"secret where there is none":   {labelled(testLabel, []byte{kindEncrypt}), true, false, errKind},
		"cut off":                      {labelled(testLabel), true, false, io.ErrUnexpectedEOF},
	} {
		read, err := readStream(looks{testLabel, c.secret}, c.labelled, c.stream)
		if !errors.Is(err, c.want) || c.want == nil && !bytes.Equal(read, c.stream) {
			t.Errorf("%s: %v, %x of %x", name, err, read, c.stream)
		}
	}
}

// FuzzLooks: whatever comes, it is looked at without an end of the process, and what is passed on of a stream is how it begins.
func FuzzLooks(f *testing.F) {
	for _, b := range nobodySays {
		f.Add(labelled(testLabel, []byte{kindPushPull}, b))
		f.Add(append(stateOf(f, 1, 0), b...))
	}
	f.Add(labelled(testLabel, stateOf(f, 1, 0)))
	f.Add(labelled(testLabel, compound([]byte{kindPing}, []byte{kindDead})))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, secret := range []bool{false, true} {
			l := looks{testLabel, secret}
			_ = l.packet(b)
			for _, labelled := range []bool{false, true} {
				if read, _ := readStream(l, labelled, b); !bytes.HasPrefix(b, read) {
					t.Errorf("%x is read of %x", read, b)
				}
			}
		}
	})
}

// Who knows the name of a network can say what costs memberlist memory and time, and connect as often as he likes: it is refused, and counted, and
// nodes find each other meanwhile.
func TestJunk(t *testing.T) {
	one := start(t, 1, nil)
	label := "thinkey " + testNetwork.String()
	var held []net.Conn
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	connect := func(b []byte) net.Conn {
		c, err := net.DialTimeout("tcp", one.Addr(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
		_, _ = c.Write(b) // it may be closed already
		return c
	}
	for _, b := range [][]byte{stateOf(t, 1<<20, 0), stateOf(t, 1, 20<<20), {8}, unpacks(t, 40<<20)} {
		connect(labelled(label, b))
	}
	packets, err := net.Dial("udp", one.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	eventually(t, "junk is counted", func() bool {
		for _, b := range [][]byte{{1, 2, 3}, labelled(label, unpacks(t, 1<<20)), labelled(label, compound(compound([]byte{kindPing})))} {
			if _, err := packets.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		return one.Counts()[CountPackets] >= 3 && one.Counts()[CountStreams] >= 4
	})
	before := one.Counts()[CountStreams]
	for range mostFrom + 10 {
		connect(labelled(label))
	}
	eventually(t, "connections without a word are bounded", func() bool { return one.Counts()[CountStreams] >= before+10 })
	two := start(t, 2, nil, seeds(one))
	eventually(t, "they find each other", func() bool { return len(one.Members()) == 1 && len(two.Members()) == 1 })
}

// A connection that never ends is read to a bound, and its place is free then.
func TestEndlessStream(t *testing.T) {
	near, far := net.Pipe()
	go func() {
		b := labelled(testLabel, stateOf(t, 1, 0))
		for {
			if _, err := far.Write(b); err != nil {
				return
			}
			b = append([]byte{0x81, 0xa1, 'x', 0xda, 0x0f, 0}, make([]byte, 0xf00)...)
		}
	}()
	counts, closed := 0, 0
	s := &stream{Conn: near, looks: looks{label: testLabel}, labelled: true, closed: func() { closed++ }, refused: func(string) { counts++ }}
	n, err := io.Copy(io.Discard, s)
	if !errors.Is(err, errLong) || n < mostStreamBytes || n > mostStreamBytes+2*mostMap || counts != 1 {
		t.Errorf("%d bytes, %v, counted %d times", n, err, counts)
	}
	if err := s.Close(); err != nil || closed != 1 {
		t.Error(fmt.Sprint(err, closed))
	}
}
