package wasm

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/blake2b"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// spans is, for each host function, which parameters are pointers, and for each the parameter that is its length, or -n
// for n bytes.
var spans = map[string][][2]int{
	abi.Context: {{0, -abi.ContextBytes}}, abi.Method: {{0, 1}}, abi.Input: {{0, 1}}, abi.Parts: nil, abi.Part: {{1, 2}},
	abi.Balance: {{0, -16}}, abi.Gas: nil,
	abi.Read: {{0, 1}, {2, 3}}, abi.Write: {{0, 1}, {2, 3}}, abi.Next: {{0, 1}, {2, 3}, {4, 5}},
	abi.Send: {{0, -24}, {1, 2}, {3, -16}, {5, 6}}, abi.Deploy: {{0, -32}, {1, -32}, {2, -16}, {4, 5}, {6, -24}}, abi.SetCode: {{0, -32}},
	abi.Event: {{0, 1}, {2, 3}}, abi.Log: {{0, 1}}, abi.Reply: {{0, 1}}, abi.Fail: {{0, 1}}, abi.Random: {{0, -32}},
	abi.SHA256: {{0, 1}, {2, -32}}, abi.BLAKE2b: {{0, 1}, {2, -32}},
	abi.Ed25519Verify: {{0, -32}, {1, -64}, {2, 3}}, abi.BLSVerify: {{0, -96}, {1, -48}, {2, 3}},
}

// Every pointer of every host function outside of memory, by itself or with its length, is a trap that says so.
func TestOutside(t *testing.T) {
	const end = pageBytes
	if len(spans) != len(abi.Functions) || len(hostFunctions) != len(abi.Functions) {
		t.Fatal("the tables of host functions differ")
	}
	var cases []outside
	for _, f := range abi.Functions {
		for i, s := range spans[f.Name] {
			n := max(-s[1], 1)
			for _, at := range []int{end - n + 1, end, -1, -n, 1 << 31, -1 << 31} {
				cases = append(cases, outside{f, i, at, n})
			}
			if s[1] >= 0 {
				for _, n := range []int{end + 1, -1, -1 << 31, 1<<31 - 1} {
					cases = append(cases, outside{f, i, 0, n}, outside{f, i, end - 1, n})
				}
			}
		}
	}
	both(t, Config{}, func(t *testing.T, r *rig) any {
		var all []exec.Outcome
		for _, x := range cases {
			r.publish(t, guest{handle: x.code()}.build())
			o := r.do(t, "")
			if want := x.function.Name + ": "; o.Status != chain.StatusTrap || !strings.HasPrefix(o.Reason, want) || !strings.HasSuffix(o.Reason, "outside of the memory of 65536") {
				t.Fatalf("%+v: %q (%s)", x, o.Status, o.Reason)
			}
			all = append(all, o)
		}
		return all
	})
}

// outside is a call with one span that is wrong.
type outside struct {
	function abi.Function
	span     int
	at, n    int
}

func (x outside) code() asm {
	args := make([]int, len(x.function.Params)) // all at 0
	for i, s := range spans[x.function.Name] {
		if s[1] >= 0 {
			args[s[1]] = 1
		}
		if i == x.span {
			args[s[0]] = x.at
			if s[1] >= 0 {
				args[s[1]] = x.n
			}
		}
	}
	var c asm
	for i, p := range x.function.Params {
		if p == abi.I64 {
			c = append(c, i64(1)...)
		} else {
			c = append(c, i32(args[i])...)
		}
	}
	c = host(x.function.Name, c)
	if x.function.Results != nil {
		c = append(c, byte(module.OpDrop))
	}
	return c
}

// Spans that end where memory ends, and spans of nothing anywhere within, are fine.
func TestInside(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		r.publish(t, guest{handle: text(
			host(abi.Input, pageBytes-3, 3), module.OpDrop,
			host(abi.Event, pageBytes-3, 1, pageBytes-2, 2),
			host(abi.Event, pageBytes-3, 1, pageBytes, 0),
			host(abi.Log, pageBytes, 0),
		)}.build())
		o := r.do(t, "abcd")
		want(t, o, chain.StatusOK, "")
		if len(o.Events) != 2 || o.Events[0].Topic != "a" || string(o.Events[0].Body) != "bc" || len(o.Events[1].Body) != 0 {
			t.Errorf("events %q", o.Events)
		}
		return o
	})
}

// say makes an event of bytes of memory.
func say(at, n any) asm { return host(abi.Event, pageBytes-1, 1, at, n) }

// said are the bodies of the events of an outcome.
func said(o exec.Outcome) (all []string) {
	for _, e := range o.Events {
		all = append(all, string(e.Body))
	}
	return all
}

var topic = map[uint32]string{pageBytes - 1: "t"}

func TestContext(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		h := r.publish(t, guest{
			data:   topic,
			handle: text(host(abi.Context, 100), say(100, abi.ContextBytes)),
			merge:  text(host(abi.Context, 100), say(100, abi.ContextBytes)), merges: []string{"do"},
			query: text(host(abi.Context, 100), host(abi.Reply, 100, abi.ContextBytes)),
		}.build())
		m := relay("do", "", 1_000_000)
		o := r.must(t, m)
		want(t, o, chain.StatusOK, "")
		expect := contextOf(m, sender, 500, 1<<40+500, m.Origin, m.ID(), abi.KindRelay, h)
		if got := said(o)[0]; got != expect {
			t.Errorf("relay\n%x\n%x", got, expect)
		}
		e := r.external("do", "", 1_000_000)
		o = r.must(t, e)
		if got, expect := said(o)[0], contextOf(e, self, 0, 1<<40-1_000_000, e.ID(), e.ID(), abi.KindExternal, h); got != expect {
			t.Errorf("external\n%x\n%x", got, expect)
		}
		a, err := exec.Query(r.context(), self, r.account, r.storage, exec.Question{GasLimit: 1_000_000})
		if err != nil || a.Status != chain.StatusOK {
			t.Fatal(a, err)
		}
		if expect := contextOf(m, chain.Address{}, 0, 1<<40, chain.MessageID{}, chain.MessageID{}, abi.KindQuery, h); string(a.Output) != expect {
			t.Errorf("view\n%x\n%x", a.Output, expect)
		}
		return []any{o, a}
	})
}

func contextOf(m *chain.Message, sender chain.Address, came, balance uint64, origin, id chain.MessageID, kind uint32, h chain.CodeHash) string {
	b := slices.Concat(self[:], sender[:], []byte(amount(came)), []byte(amount(balance)), origin[:], id[:])
	network := chain.NetworkID{1}
	b = append(b, network[:]...)
	b = binary.LittleEndian.AppendUint64(b, 10)
	b = binary.LittleEndian.AppendUint64(b, 1_700_000_000_000)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.To.Chain()))
	b = binary.LittleEndian.AppendUint32(b, kind)
	return string(append(b, h[:]...))
}

// What is longer than its place is cut, and its whole length is the result.
func TestCut(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		length := func(c asm) asm { return text(8, c, access(module.OpI32Store, 0), say(8, 4)) }
		r.publish(t, guest{
			data: map[uint32]string{pageBytes - 1: "t", 0: "key"},
			handle: text(
				length(host(abi.Input, 100, 3)), say(100, 5),
				length(host(abi.Method, 200, 1)), say(200, 2),
				length(host(abi.Read, 0, 3, 300, 4)), say(300, 5),
				length(host(abi.Read, 1, 2, 300, 4)),
				length(host(abi.Next, 0, 2, 0, 0, 400, 2)), say(400, 3),
				length(host(abi.Next, 0, 3, 0, 3, 400, 2)),
				length(host(abi.Parts)), length(host(abi.Random, 500)), say(500, 32)),
		}.build())
		r.storage["key"] = "value"
		r.account.StorageBytes = 8
		o := r.do(t, "input")
		want(t, o, chain.StatusOK, "")
		expect := []string{"\x05\x00\x00\x00", "inp\x00\x00", "\x02\x00\x00\x00", "d\x00", "\x05\x00\x00\x00", "valu\x00", "\xff\xff\xff\xff",
			"\x03\x00\x00\x00", "ke\x00", "\xff\xff\xff\xff", "\x00\x00\x00\x00", "\x00\x00\x00\x00", strings.Repeat("\x00", 32)}
		if got := said(o); !slices.Equal(got, expect) {
			t.Errorf("%q\n%q", got, expect)
		}
		return o
	})
}

// signedText is a key and its signature of "text".
func signedText() (key, signature string) {
	k := keys.FromSeed([32]byte{7})
	public, s := k.Public(), k.Sign([]byte("text"))
	return string(public[:]), string(s[:])
}

func TestHashesAndSignatures(t *testing.T) {
	key, signature := signedText()
	sha, blake := sha256.Sum256([]byte("text")), blake2b.Sum256([]byte("text"))
	both(t, Config{}, func(t *testing.T, r *rig) any {
		result := func(c asm) asm { return text(8, c, access(module.OpI32Store, 0), say(8, 1)) }
		r.publish(t, guest{
			data: map[uint32]string{0: "text", pageBytes - 1: "t", 100: key, 200: signature},
			handle: text(host(abi.SHA256, 0, 4, 16), say(16, 32), host(abi.BLAKE2b, 0, 4, 16), say(16, 32),
				result(host(abi.Ed25519Verify, 100, 200, 0, 4)), result(host(abi.Ed25519Verify, 100, 200, 0, 3)), result(host(abi.BLSVerify, 100, 200, 0, 3))),
		}.build())
		o := r.do(t, "")
		want(t, o, chain.StatusOK, "")
		if got, expect := said(o), []string{string(sha[:]), string(blake[:]), "\x01", "\x00", "\x00"}; !slices.Equal(got, expect) {
			t.Errorf("%x\n%x", got, expect)
		}
		return o
	})
}

// What is hashed piece by piece has the hash of the whole, at the border of a piece and far from it; a message to verify has an end.
func TestLongHashes(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		var all []exec.Outcome
		for _, n := range []int{pieceBytes - 1, pieceBytes, pieceBytes + 1, 2 * pieceBytes, 3*pieceBytes + 77} {
			content := bytes.Repeat([]byte("abc"), n/3+1)[:n]
			if n >= pageBytes {
				content[pageBytes-1] = 't' // where the topic is
			}
			r.publish(t, guest{
				pages: 5, data: map[uint32]string{0: string(content), pageBytes - 1: "t"},
				handle: text(host(abi.SHA256, 0, n, 0), say(0, 32)),
			}.build())
			sha := sha256.Sum256(content)
			first := r.do(t, "")
			if want(t, first, chain.StatusOK, ""); said(first)[0] != string(sha[:]) {
				t.Errorf("SHA-256 of %d bytes: %x", n, said(first)[0])
			}
			r.publish(t, guest{pages: 5, data: map[uint32]string{0: string(content), pageBytes - 1: "t"}, handle: text(host(abi.BLAKE2b, 0, n, 0), say(0, 32))}.build())
			blake := blake2b.Sum256(content)
			second := r.do(t, "")
			if want(t, second, chain.StatusOK, ""); said(second)[0] != string(blake[:]) {
				t.Errorf("BLAKE2b of %d bytes: %x", n, said(second)[0])
			}
			all = append(all, first, second)
		}
		for _, name := range []string{abi.Ed25519Verify, abi.BLSVerify} {
			r.publish(t, guest{pages: 5, handle: text(host(name, 0, 0, 0, abi.MaxSigned), module.OpDrop)}.build())
			want(t, r.do(t, ""), chain.StatusOK, "")
			r.publish(t, guest{pages: 5, handle: text(host(name, 0, 0, 0, abi.MaxSigned+1), module.OpDrop)}.build())
			o := r.do(t, "")
			want(t, o, chain.StatusLimit, "a message of 65537 bytes (limit 65536): sign its hash")
			all = append(all, o)
		}
		return all
	})
}

// Each byte that a host function is given costs what the table says, once.
func TestBytesArePaid(t *testing.T) {
	to := address(5)
	drop := module.OpDrop
	for _, x := range []struct {
		name string
		call func(n int) asm
		each uint64
	}{
		{abi.SHA256, func(n int) asm { return host(abi.SHA256, 0, n, 0) }, gas.SHA256Byte},
		{abi.BLAKE2b, func(n int) asm { return host(abi.BLAKE2b, 0, n, 0) }, gas.BLAKE2bByte},
		{abi.Ed25519Verify, func(n int) asm { return text(host(abi.Ed25519Verify, 0, 0, 0, n), drop) }, gas.Ed25519Byte},
		{abi.BLSVerify, func(n int) asm { return text(host(abi.BLSVerify, 0, 0, 0, n), drop) }, gas.BLSVerifyByte},
		{abi.Log, func(n int) asm { return host(abi.Log, 0, n) }, gas.LogByte},
		{abi.Write, func(n int) asm { return host(abi.Write, 100, 1, 0, n) }, gas.WriteByte + gas.HostByte},
		{abi.Event, func(n int) asm { return host(abi.Event, 100, 1, 0, n) }, chain.GasPerByte + gas.HostByte},
		{abi.Send, func(n int) asm { return host(abi.Send, 0, 100, 1, 200, i64(5_000), 300, n) }, chain.GasPerByte + gas.HostByte},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newRig(t, Config{})
			used := func(n int) uint64 {
				r.publish(t, guest{handle: x.call(n), data: map[uint32]string{0: string(to[:]), 100: "t", 200: amount(0)}}.build())
				return r.do(t, "").GasUsed
			}
			if got := used(1001) - used(1); got != 1000*x.each {
				t.Errorf("a thousand bytes more cost %d gas instead of %d", got, 1000*x.each)
			}
		})
	}
}

// Replacing its code costs code what reading the state costs, each time: it is looked up there.
func TestSetCodeIsPaid(t *testing.T) {
	used := func(times int) uint64 {
		r := newRig(t, Config{})
		r.publish(t, guest{data: map[uint32]string{0: strings.Repeat("c", 32)}, handle: repeat(0, times, host(abi.SetCode, 0))}.build())
		o := r.do(t, "")
		want(t, o, chain.StatusOK, "")
		return o.GasUsed
	}
	if each := (used(101) - used(1)) / 100; each < gas.Read+gas.HostCall {
		t.Errorf("%d gas each", each)
	}
}

func TestSendAndDeploy(t *testing.T) {
	to, salt, code := address(5), strings.Repeat("s", 32), strings.Repeat("c", 32)
	both(t, Config{}, func(t *testing.T, r *rig) any {
		r.publish(t, guest{
			data: map[uint32]string{0: string(to[:]), 100: "pay", 200: amount(77), 300: "input", 400: code, 500: salt, pageBytes - 1: "t"},
			handle: text(
				host(abi.Send, 0, 100, 3, 200, i64(9_000), 300, 5),
				host(abi.Deploy, 400, 500, 200, i64(8_000), 300, 2, 600), say(600, 24),
				host(abi.Balance, 700), say(700, 16),
				host(abi.SetCode, 400)),
		}.build())
		o := r.do(t, "")
		want(t, o, chain.StatusOK, "")
		made := chain.MadeAddress(chain.Main, self, [32]byte([]byte(salt)), chain.CodeHash([]byte(code)))
		init := chain.InitInput{Code: chain.CodeHash([]byte(code)), Salt: [32]byte([]byte(salt)), Input: []byte("in")}.Encode()
		expect := []chain.Sent{
			{To: to, Method: "pay", Amount: chain.NewAmount(77), GasLimit: 9_000, Input: []byte("input")},
			{To: made, Method: chain.MethodInit, Amount: chain.NewAmount(77), GasLimit: 8_000, Input: init},
		}
		if fmt.Sprint(o.Sent) != fmt.Sprint(expect) {
			t.Errorf("sent %+v", o.Sent)
		}
		if got := said(o); got[0] != string(made[:]) || got[1] != amount(1<<40+500-154) {
			t.Errorf("%x", got)
		}
		if o.Account.Code != chain.CodeHash([]byte(code)) {
			t.Errorf("code %s", o.Account.Code)
		}
		return o
	})
}

// What can't be done ends the handling, whatever comes after it in the code.
func TestRefused(t *testing.T) {
	to := address(5)
	data := map[uint32]string{0: string(to[:]), 100: "pay", 200: amount(1 << 41), 300: amount(1), 400: "\xffbad", 500: strings.Repeat("\x00", 32), 600: "broken"}
	huge := uint64(20_000_000)
	for _, x := range []struct {
		name   string
		code   asm
		status chain.Status
		words  string
	}{
		{"fail", failWith(100, 3), chain.StatusRefused, "pay"},
		{"fail with no text", failWith(400, 4), chain.StatusRefused, "?bad"},
		{"fail with nothing", failWith(0, 0), chain.StatusRefused, ""},
		{"fail with much", failWith(0, pageBytes), chain.StatusRefused, ""},
		{"send too much", host(abi.Send, 0, 100, 3, 200, i64(9_000), 0, 0), chain.StatusBalance, "to send and a balance of"},
		{"send with too much gas", host(abi.Send, 0, 100, 3, 300, i64(int64(huge)), 0, 0), chain.StatusOutOfGas, "are left"},
		{"send with all gas", host(abi.Send, 0, 100, 3, 300, i64(-1), 0, 0), chain.StatusOutOfGas, "are left"},
		{"send without method", host(abi.Send, 0, 100, 0, 300, i64(9_000), 0, 0), chain.StatusBadInput, `method ""`},
		{"send with a long method", host(abi.Send, 0, 100, 1000, 300, i64(9_000), 0, 0), chain.StatusLimit, ""},
		{"send with a long input", host(abi.Send, 0, 100, 3, 300, i64(9_000), 0, 65_000), chain.StatusLimit, ""},
		{"send to nowhere", host(abi.Send, 500, 100, 3, 300, i64(9_000), 0, 0), chain.StatusBadInput, "names no chain"},
		{"deploy no code", host(abi.Deploy, 500, 0, 300, i64(9_000), 0, 0, 1000), chain.StatusBadInput, "names no code"},
		{"deploy with a long input", host(abi.Deploy, 0, 0, 300, i64(9_000), 0, 65_000, 1000), chain.StatusLimit, "limit"},
		{"write no key", host(abi.Write, 0, 0, 0, 1), chain.StatusBadInput, "key must not be empty"},
		{"write a long key", host(abi.Write, 0, 257, 0, 1), chain.StatusLimit, "key of 257 bytes"},
		{"write a longer key", host(abi.Write, 0, 60_000, 0, 1), chain.StatusLimit, "key of 257 bytes"},
		{"read a long key", text(host(abi.Read, 0, 257, 0, 1), module.OpDrop), chain.StatusLimit, ""},
		{"next of a long prefix", text(host(abi.Next, 0, 257, 0, 1, 0, 0), module.OpDrop), chain.StatusLimit, ""},
		{"event without topic", host(abi.Event, 0, 0, 0, 1), chain.StatusBadInput, "topic"},
		{"event with a long topic", host(abi.Event, 0, 65, 0, 1), chain.StatusLimit, "topic"},
		{"event too long", host(abi.Event, 0, 1, 0, chain.MaxEventBytes+1), chain.StatusLimit, "event of"},
		{"reply to a message", host(abi.Reply, 0, 1), chain.StatusRefused, "only a view"},
		{"part", text(host(abi.Part, 0, 0, 0), module.OpDrop), chain.StatusTrap, "part: there are 0"},
		{"part -1", text(host(abi.Part, -1, 0, 0), module.OpDrop), chain.StatusTrap, "part: there are 0"},
	} {
		t.Run(x.name, func(t *testing.T) {
			both(t, Config{}, func(t *testing.T, r *rig) any {
				r.publish(t, guest{data: data, handle: text(host(abi.Event, 100, 3, 0, 0), x.code, module.OpUnreachable)}.build())
				o := r.must(t, relay("do", "", 10_000_000))
				want(t, o, x.status, x.words)
				if o.Events != nil || len(o.Sent) != 1 || o.Sent[0].Method != chain.MethodBounce {
					t.Errorf("%+v", o)
				}
				return o
			})
		})
	}
}

// An error of the state's is no outcome.
func TestBrokenState(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		r.publish(t, guest{data: map[uint32]string{0: "broken"}, handle: text(host(abi.Read, 0, 6, 0, 0), module.OpDrop, module.OpUnreachable)}.build())
		if _, err := r.apply(relay("do", "", 1_000_000)); err != errDisk {
			t.Errorf("error %v", err)
		}
		r.account.Code = chain.CodeHash{1}
		if _, err := r.apply(relay("do", "", 1_000_000)); err == nil || !strings.Contains(err.Error(), "on fire") {
			t.Errorf("error %v", err)
		}
		return nil
	})
}

// A view reads and replies; it changes nothing.
func TestView(t *testing.T) {
	for _, x := range []struct {
		name  string
		code  asm
		words string
	}{
		{"write", host(abi.Write, 0, 1, 0, 1), "a view can't write"},
		{"event", host(abi.Event, 0, 1, 0, 1), "a view can't emit"},
		{"send", host(abi.Send, 0, 1, 1, 0, i64(9_000), 0, 0), "a view can't send"},
		{"deploy", host(abi.Deploy, 0, 1, 0, i64(9_000), 0, 0, 0), "a view can't deploy"},
		{"set code", host(abi.SetCode, 0), "a view can't change its code"},
	} {
		t.Run(x.name, func(t *testing.T) {
			both(t, Config{}, func(t *testing.T, r *rig) any {
				r.publish(t, guest{data: map[uint32]string{0: strings.Repeat("pay", 20)}, query: text(host(abi.Reply, 0, 3), x.code)}.build())
				a, err := exec.Query(r.context(), self, r.account, r.storage, exec.Question{GasLimit: 1_000_000})
				if err != nil || a.Status != chain.StatusRefused || !strings.Contains(a.Reason, x.words) || a.Output != nil {
					t.Errorf("%+v, error %v", a, err)
				}
				return a
			})
		})
	}
}

// Entries that a module doesn't have: no bounce is no matter, no view is a failure.
func TestMissingEntries(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		r.publish(t, guest{handle: text(module.OpNop)}.build())
		o := r.must(t, relay(chain.MethodBounce, "", 100_000))
		want(t, o, chain.StatusOK, "")
		if o.GasUsed != gas.Handling+gas.Run {
			t.Errorf("%d gas", o.GasUsed)
		}
		a, err := exec.Query(r.context(), self, r.account, r.storage, exec.Question{GasLimit: 1_000_000})
		if err != nil || a.Status != chain.StatusUnknownMethod {
			t.Errorf("%+v, error %v", a, err)
		}
		return []any{o, a}
	})
}

// Several messages as one: the code sees how many there are, the input of each, and the sum of what came.
func TestMerge(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		h := r.publish(t, guest{
			data: map[uint32]string{pageBytes - 1: "t", 0: "\x03"},
			merge: text(0, host(abi.Parts), access(module.OpI32Store, 0), say(0, 1),
				host(abi.Part, 1, 8, 3), module.OpDrop, say(8, 3), host(abi.Context, 100), say(100+abi.ContextSender, 40)),
			merges: []string{"add_to", "do"},
		}.build())
		if _, err := r.Merges(chain.CodeHash{1}, "do"); err == nil || !merges(t, r.Engine, h, "do") || merges(t, r.Engine, h, "d") {
			t.Error("which methods are merged is wrong")
		}
		var group []*exec.Delivery
		for i := range 3 {
			group = append(group, &exec.Delivery{Message: relay("do", string(rune('x'+i)), 1_000_000).Seal()})
		}
		o := exec.NewOverlay(self, r.account, entries1{r.storage})
		if ok, _, err := o.HandleGroup(r.context(), group); !ok || err != nil {
			t.Fatal(ok, err)
		}
		got := said(o.Events[2].Outcome)
		if expect := []string{"\x03", "y\x00\x00", strings.Repeat("\x00", 24) + amount(1500)}; !slices.Equal(got, expect) {
			t.Errorf("%x\n%x", got, expect)
		}
		return got
	})
}

// entries1 is the storage of all accounts, of which there is one.
type entries1 struct{ storage }

func (e entries1) Entry(_ chain.Address, key string) ([]byte, error) { return e.storage.Entry(key) }
func (e entries1) Next(_ chain.Address, prefix, after string) (string, error) {
	return e.storage.Next(prefix, after)
}
