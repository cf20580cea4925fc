package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

func nameOf(a chain.Address) string {
	for _, name := range client.DevNames() {
		if devAddress("test", name) == a {
			return name
		}
	}
	return (&book{}).name(a)
}

func idOf(n byte) chain.MessageID { return chain.MessageID{n, n, n, n, n, n, n} }

// plainLens knows no contracts.
var plainLens = lens{name: nameOf}

// external is a final external message of an account.
func external(n byte, from, method string, in []byte, place client.Place) client.Message {
	address := devAddress("test", from)
	place.Account, place.Chain = address, 1
	return client.Message{
		ID: idOf(n), State: client.StateFinal, Kind: "external", From: address, To: address, Method: method, Input: in, InputBytes: len(in),
		Nonce: uint64(n), Place: &place, Status: chain.StatusOK, GasUsed: 38_360,
	}
}

// relay is a final message from one account to another.
func relayed(n, parent byte, from, to, method string, place client.Place) client.Message {
	place.Account, place.Chain = devAddress("test", to), 1
	return client.Message{
		ID: idOf(n), State: client.StateFinal, Kind: "relay", From: devAddress("test", from), To: devAddress("test", to), Method: method,
		Parent: idOf(parent), Amount: chain.NewAmount(10), Place: &place, Status: chain.StatusOK, GasUsed: 5_000,
	}
}

func failedWith(m client.Message, status chain.Status, reason string) client.Message {
	m.Status, m.Reason = status, reason
	return m
}

// sampleTrace has every kind of line: ok, failed, queued; siblings above and below a branch.
func sampleTrace() *client.Trace {
	call := chain.CallInput{To: devAddress("test", "bob"), Method: "greet", GasLimit: 1}
	root := external(1, "alice", chain.MethodCall, call.Encode(), client.Place{Height: 7})
	root.Amount, root.Fee = chain.NewAmount(3), chain.NewAmount(38_360)
	greet := failedWith(relayed(2, 1, "alice", "bob", "greet", client.Place{Height: 7, Index: 2}), chain.StatusNoCode, "bob has no code")
	greet.Logs = []string{"hello\nbob\n", "\x1b[31mred"}
	bounce := relayed(3, 2, "bob", "alice", chain.MethodBounce, client.Place{Height: 7, Index: 1})
	add := relayed(4, 1, "alice", "charlie", chain.MethodAdd, client.Place{Height: 8})
	queued := relayed(5, 1, "alice", "erin", chain.MethodAdd, client.Place{})
	queued.State, queued.Place, queued.Status = client.StateQueued, nil, 0
	return &client.Trace{
		Origin: idOf(1), Asked: idOf(3), Chain: 1, Height: 8, Messages: 5, GasUsed: 53_360, Fee: chain.NewAmount(53_360),
		Root: &client.TraceNode{Message: root, Children: []*client.TraceNode{
			{Message: greet, Children: []*client.TraceNode{{Message: bounce, Asked: true}}},
			{Message: add}, {Message: queued},
		}},
	}
}

func TestDrawTrace(t *testing.T) {
	golden(t, "trace.golden", drawTrace(sampleTrace(), plainLens, 0))
	golden(t, "trace_cut.golden", drawTrace(sampleTrace(), plainLens, 2))
}

// Of a message that waits, or was dropped, only the id is known.
func TestDrawUnknownContent(t *testing.T) {
	waiting := client.Message{ID: idOf(9), State: client.StateWaiting}
	dropped := client.Message{ID: idOf(9), State: client.StateDropped, Dropped: &client.Error{Message: "expired at height 9"}}
	for want, m := range map[string]client.Message{
		"… message 090909090909…  waiting":                       waiting,
		"✗ message 090909090909…  dropped (expired at height 9)": dropped,
	} {
		if got := describeMessage(&m, plainLens); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// sampleBlock is the whitepaper's payment, with a message carried in and one left over.
func sampleBlock() *client.Block {
	to := func(name string) []byte { return chain.TransferInput{To: devAddress("test", name)}.Encode() }
	m1 := external(1, "alice", chain.MethodTransfer, to("bob"), client.Place{Height: 3})
	m1.Sent = []chain.MessageID{idOf(2)}
	m3 := external(3, "bob", chain.MethodTransfer, to("charlie"), client.Place{Height: 3, Index: 2})
	m3.Sent = []chain.MessageID{idOf(4), idOf(6)}
	m2 := relayed(2, 1, "alice", "bob", chain.MethodAdd, client.Place{Height: 3, Index: 1})
	m4 := failedWith(relayed(4, 3, "bob", "charlie", `say "hi"`, client.Place{Height: 3}), chain.StatusNoCode, "no code")
	carried := relayed(5, 99, "dave", "bob", chain.MethodAdd, client.Place{Height: 3})
	return &client.Block{
		Chain: 1, Height: 3, Finality: client.Final, TimeMillis: 1_700_000_000_000, GasUsed: 91_720, Bytes: 779, Inputs: 2, Accounts: 3, Events: 5,
		Failed: 1, Queued: 1, Messages: []client.Message{m1, carried, m2, m3, m4},
	}
}

func TestDrawBlock(t *testing.T) {
	golden(t, "block.golden", drawBlock(sampleBlock(), plainLens, 0))
	golden(t, "block_dot.golden", drawDot(sampleBlock(), nameOf))
	cut := drawBlock(sampleBlock(), plainLens, 1)
	if strings.Count(cut, "more: --limit 0") != 3 || !strings.Contains(drawBlock(sampleBlock(), plainLens, 2), "(m4; ∅) … 1 more") {
		t.Errorf("not cut in every part:\n%s", cut)
	}
}

// What is drawn of a large block grows with the limit, not with the block.
func TestDrawLargeBlock(t *testing.T) {
	b := &client.Block{Chain: 1, Height: 1}
	for i := range 3000 {
		m := external(byte(i), "alice", chain.MethodTransfer, nil, client.Place{Index: i})
		m.ID = chain.MessageID{byte(i), byte(i >> 8), 1}
		b.Messages = append(b.Messages, m)
	}
	if text := drawBlock(b, plainLens, traceLimit); strings.Count(text, "\n") > 3*traceLimit || strings.Count(text, "∅") > traceLimit {
		t.Errorf("%d lines", strings.Count(text, "\n"))
	}
}

func TestTable(t *testing.T) {
	x := table{}
	x.numbers(1)
	x.add("ä", "1", "x")
	x.add("bcd", "100")
	if got, want := x.String(), "ä      1  x\nbcd  100\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (&table{}).String(); got != "" {
		t.Errorf("an empty table is %q", got)
	}
}

func TestShort(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0", 999: "999", 1000: "1.0k", 5240: "5.2k", 99_949: "99.9k", 99_950: "100k", 999_499: "999k", 999_500: "1.0M", 1_000_000_000: "1.0G", 1<<64 - 1: "18.4E",
	} {
		if got := short(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

// The feed tells of a block what failed, which accounts it made, and what code logged.
func TestHappenings(t *testing.T) {
	alice, made := devAddress("test", "alice"), chain.MadeAddress(1, devAddress("test", "alice"), [32]byte{}, chain.CodeHash{1})
	event := func(at chain.Address, method string, status chain.Status, reason string) block.Event {
		return block.Event{Account: at, Message: &chain.Message{Method: method}, Receipt: &chain.Receipt{Status: status, Reason: reason}}
	}
	b := &block.History{Events: []block.Event{
		event(alice, "call", chain.StatusOK, ""), event(made, "init", chain.StatusOK, ""), event(made, "up", chain.StatusRefused, "no\nmore"), event(alice, "bounce", chain.StatusOK, ""),
	}}
	got := happenings(b, []node.LogLine{{Account: made, Text: "two\nlines"}})
	want := []happening{{made, "made: " + made.String()}, {made, `✗ up  refused (no\nmore)`}, {made, "log two⏎lines"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestFeedLine(t *testing.T) {
	l := blockLine{Height: 12, Messages: 3, Inputs: 1, Relays: 2, Accounts: 2, Failed: 1, Gas: 5200, Millis: 3}
	if got := l.String(); !strings.HasSuffix(got, "  #12  1 message in, 2 relays, 2 accounts, 1 failed  gas 5.2k  3 ms") {
		t.Errorf("%q", got)
	}
	l.Messages, l.Millis = 0, 0
	if got := l.String(); !strings.HasSuffix(got, "  #12  empty  <1 ms") {
		t.Errorf("%q", got)
	}
}

// A name that two accounts have, or none, is not guessed at: it is about money.
func TestFind(t *testing.T) {
	alice, bob, other := devAddress("test", "alice"), devAddress("test", "bob"), devAddress("test", "other")
	b := &book{parties: []party{{"alice", fromKeyFile, other}, {"alice", fromDev, alice}, {"bob", fromDev, bob}}}
	for text, want := range map[string]chain.Address{"bob": bob, "dev:alice": alice, "key:alice": other, bob.String(): bob, "dev:bob": bob} {
		if p, err := b.find(text); err != nil || p.address != want {
			t.Errorf("%s: %v, %v", text, p, err)
		}
	}
	wrong := bob.String()[:47] + "q"
	for text, says := range map[string]string{
		"alice": "write key:alice or dev:alice", "bbo": `did you mean "bob"?`, "key:bob": "no account is called", wrong: "not an address", "": "no account",
	} {
		_, err := b.find(text)
		if err == nil || classify(err).exit != exitUsage || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if p, err := b.find(devAddress("test", "zoe").String()); err != nil || p.name != "" || p.source != "" {
		t.Errorf("a stranger's address: %v, %v", p, err)
	}
}

// Each way in which a node's answer can disappoint has its exit code (U1).
func TestClassify(t *testing.T) {
	for _, x := range []struct {
		err  error
		exit int
		code string
	}{
		{fmt.Errorf("x: %w", client.ErrUnreachable), exitUnreachable, "unreachable"},
		{&client.Error{Code: "gas_over_balance"}, exitRefused, "gas_over_balance"},
		{&client.Error{Code: client.CodeUnknownMessage, Status: 404}, exitFailed, client.CodeUnknownMessage},
		{&client.Error{Code: client.CodeBusy, Status: 503}, exitUnreachable, client.CodeBusy},
		{&client.Error{Code: "unreadable_answer"}, exitUnreachable, "unreadable_answer"},
		{client.ErrProof, exitFailed, "not_proven"},
		{client.ErrOtherChain, exitFailed, "other_chain"},
	} {
		f := classify(x.err)
		if f.exit != x.exit || f.code != x.code || f.hint == "" && x.code != client.CodeBusy && x.code != "unreadable_answer" {
			t.Errorf("%v: %+v", x.err, f)
		}
	}
}
