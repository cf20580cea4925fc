package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// teller is an engine that runs any module alike: a message tell emits as many events as its input has bytes, each with
// the topic that the byte is, and so does join, which can be handled as one; spread sends a join often; a view echoes its input after it logged it, refuses, uses up its gas, or tries to write.
type teller struct{}

func (teller) Validate(code []byte) (uint64, uint64, error) {
	if bytes.HasPrefix(code, []byte("bad")) {
		return 0, 0, exec.Fail(chain.StatusBadCode, "it says so itself")
	}
	return uint64(len(code) % 1000), uint64(len(code) % 1000), nil
}

func (teller) Merges(_ chain.CodeHash, method string) (bool, error) { return method == "join", nil }
func (teller) Prepare(chain.CodeHash, []byte)                       {}
func (teller) Ready(chain.CodeHash, func(error)) bool               { return true }
func (teller) Close() error                                         { return nil }

func (teller) Run(env *exec.Env, _ chain.CodeHash, _ string) error {
	if err := env.Charge(gas.Run); err != nil {
		return err
	}
	switch env.Message.Method {
	case "tell", "join":
		for i, b := range env.Input {
			if err := env.Emit(string(rune(b)), fmt.Appendf(nil, "%d", i)); err != nil {
				return err
			}
		}
		return nil
	case "spread":
		for range chain.MaxSent {
			if err := env.Send(chain.Sent{To: chain.Address(env.Input), Method: "join", GasLimit: 100_000}); err != nil {
				return err
			}
		}
		return nil
	case "roar":
		for range chain.MaxEvents {
			if err := env.Emit("loud", make([]byte, chain.MaxEventBytes)); err != nil {
				return err
			}
		}
		return nil
	case "mutter":
		env.Log([]byte("heard"))
		env.Log(env.Input)
		return exec.Fail(chain.StatusRefused, "not so loud")
	case "shout":
		return env.Emit("loud", make([]byte, chain.MaxEventBytes))
	case "echo":
		env.Log([]byte("asked for "))
		env.Log(env.Input)
		return env.Reply(env.Input)
	case "refuse":
		return exec.Fail(chain.StatusRefused, "I don't like %q", env.Input)
	case "burn":
		return env.Charge(env.GasLeft() + 1)
	case "write":
		return env.Write("k", []byte("v"))
	}
	return nil
}

// code is a module of the teller's with that much ballast.
func code(word string, bytes int) chain.PublishInput {
	return chain.PublishInput{Code: append([]byte(word), make([]byte, max(0, bytes-len(word)))...)}
}

func (r *rig) external(from string, nonce uint64, method string, input []byte) *chain.Message {
	return r.transfer(from, from, nonce, func(m *chain.Message) {
		m.Method, m.Input, m.Amount, m.GasLimit = method, input, chain.Amount{}, 50_000_000
		if method == chain.MethodPublish {
			in, err := chain.DecodePublish(input)
			if err == nil {
				m.GasLimit = api.GasTable().PublishExactly(in, uint64(len(in.Code)%1000))
			}
		}
	})
}

// teller gives alice's account the code of a teller; nonces 0 and 1 of hers are used up then.
func (r *rig) teller() chain.CodeHash {
	r.Helper()
	in := code("teller", 100)
	r.submit(r.external("alice", 0, chain.MethodPublish, in.Encode()))
	r.mine(2)
	set := r.external("alice", 1, chain.MethodSetCode, chain.SetCodeInput{Code: in.Hash()}.Encode())
	r.submit(set)
	r.mine(1)
	if m := r.message(set.ID()); m.Status != chain.StatusOK {
		r.Fatalf("%+v", m)
	}
	return in.Hash()
}

// What a handling logged is told with its message and in its tree, also of one that failed; not in a stream, which says the
// same whenever it is read.
func TestLogs(t *testing.T) {
	r := start(t, setup{code: true})
	r.teller()
	m := r.external("alice", 2, "mutter", []byte("this"))
	r.submit(m)
	r.mine(1)
	want := []string{"heard", "this"}
	if got := r.message(m.ID()); !slices.Equal(got.Logs, want) || got.Status != chain.StatusRefused {
		t.Errorf("%+v", got)
	}
	tree, err := r.client.Trace(t.Context(), m.ID())
	if err != nil || !slices.Equal(tree.Root.Logs, want) {
		t.Errorf("%+v, %v", tree.Root, err)
	}
	err = r.client.Follow(t.Context(), m.ID(), func(p client.Progress) error {
		if p.Message.Logs != nil {
			t.Errorf("%+v", p)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A view is answered with what the code makes of it; that there is nobody to ask is an error.
func TestQuery(t *testing.T) {
	r := start(t, setup{code: true})
	r.teller()
	ask := func(q client.Question) client.Answer {
		t.Helper()
		a, err := r.client.Query(t.Context(), address("alice"), q)
		if err != nil || a.Height != 3 || a.Block != r.info().Block || a.Finality != client.Final || a.GasUsed == 0 {
			t.Fatalf("%+v, %v", a, err)
		}
		return a
	}
	long := bytes.Repeat([]byte{7}, chain.MaxInputBytes)
	if a := ask(client.Question{Method: "echo", Input: long}); a.Status != chain.StatusOK || !bytes.Equal(a.Output, long) || len(a.Logs) != 2 || a.Logs[0] != "asked for " {
		t.Errorf("%s %s, %d bytes, logs %.40q", a.Status, a.Reason, len(a.Output), a.Logs)
	}
	for method, want := range map[string]chain.Status{"refuse": chain.StatusRefused, "burn": chain.StatusOutOfGas, "write": chain.StatusRefused} {
		if a := ask(client.Question{Method: method, Input: []byte("x"), GasLimit: 100_000}); a.Status != want || a.Reason == "" || a.Output != nil {
			t.Errorf("%s: %+v", method, a)
		}
	}
	for who, want := range map[chain.Address]string{
		address("nobody"): client.CodeUnknownAccount, address("bob"): client.CodeNoCode,
		chain.KeyAddress(2, key("alice").Public()): client.CodeWrongChain,
	} {
		if _, err := r.client.Query(t.Context(), who, client.Question{Method: "echo"}); !client.HasCode(err, want) {
			t.Errorf("%s: %v, want %s", who, err, want)
		}
	}
}

// N1, N2: a question that can't be read is refused with what is wrong with it, and leaves nothing behind.
func TestBadQuestions(t *testing.T) {
	r := start(t, setup{code: true, node: func(c *node.Config) { c.QueryGas = 1_000_000 }})
	r.teller()
	path := "/v1/accounts/" + address("alice").String() + "/query"
	tooLong := `{"method":"echo","input":"` + strings.Repeat("00", chain.MaxInputBytes+1) + `"}`
	for _, x := range []struct {
		kind, body string
		status     int
		code, says string
	}{
		{"", `{"method":"echo"}`, 415, client.CodeMediaType, "application/json"},
		{"application/json", ``, 400, client.CodeBadRequest, "question"},
		{"application/json", `{`, 400, client.CodeBadRequest, "question"},
		{"application/json", `[]`, 400, client.CodeBadRequest, "question"},
		{"application/json", `{"method":"echo"} {}`, 400, client.CodeBadRequest, "behind"},
		{"application/json", `{"metod":"echo"}`, 400, client.CodeBadRequest, "metod"},
		{"application/json", `{"method":"echo","input":"0g"}`, 400, client.CodeBadRequest, "invalid byte"},
		{"application/json", `{"method":"echo","gas_limit":-1}`, 400, client.CodeBadRequest, "gas_limit"},
		{"application/json", `{"method":"echo","gas_limit":1000001}`, 400, client.CodeBadRequest, "the most is 1000000"},
		{"application/json", `{"method":""}`, 400, client.CodeBadRequest, "1 to 64"},
		{"application/json", `{"method":"` + strings.Repeat("m", 65) + `"}`, 400, client.CodeBadRequest, "65 bytes"},
		{"application/json", tooLong, 400, client.CodeBadRequest, "limit"},
		{"application/json", strings.Repeat(" ", 2*chain.MaxInputBytes+5<<10), 413, client.CodeTooLarge, "bytes"},
	} {
		before := r.state()
		status, body, _ := r.send("POST", path, x.kind, []byte(x.body))
		if e := r.refusal(body); status != x.status || e.Code != x.code || !strings.Contains(e.Message+e.Hint, x.says) {
			t.Errorf("%.60q: %d %+v", x.body, status, e)
		}
		if r.state() != before {
			t.Errorf("%.60q leaves %s, was %s", x.body, r.state(), before)
		}
	}
	if status, body, _ := r.send("POST", "/v1/accounts/tk1x/query", "application/json", []byte(`{"method":"echo"}`)); status != 400 {
		t.Errorf("%d %s", status, body)
	}
}

// Code is found by its hash, with what its module says of itself.
func TestCodes(t *testing.T) {
	r := start(t, setup{code: true})
	module, err := os.ReadFile("../../examples/token/rust/token.wasm")
	if err != nil {
		t.Fatal(err)
	}
	token := chain.PublishInput{Code: module, Immutable: true}
	broken := chain.PublishInput{Code: bytes.Replace(module, []byte(`{"abi":1`), []byte(`{"abi":9`), 1)}
	plain := code("teller", 5000)
	for i, in := range []chain.PublishInput{token, broken, plain} {
		r.submit(r.external(client.DevNames()[i], 0, chain.MethodPublish, in.Encode()))
	}
	r.mine(1)
	for _, in := range []chain.PublishInput{token, broken, plain} {
		c, err := r.client.Code(t.Context(), in.Hash())
		if err != nil || c.Hash != in.Hash() || c.Bytes != len(in.Code) || c.Immutable != in.Immutable || c.Height != 1 || c.Callable != 1+chain.CodeDelay {
			t.Errorf("%+v, %v", c, err)
		}
		if got := strings.Contains(string(c.Schema), `"transferred"`); got != in.Immutable {
			t.Errorf("schema %.100s", c.Schema)
		}
		if got := strings.Contains(c.SchemaError, "ABI 9"); got != (in.Hash() == broken.Hash()) && in.Hash() != plain.Hash() {
			t.Errorf("schema error %q", c.SchemaError)
		}
		if raw, err := r.client.RawCode(t.Context(), in.Hash()); err != nil || !bytes.Equal(raw, in.Code) {
			t.Errorf("%d bytes, %v", len(raw), err)
		}
	}
	if _, err := r.client.Code(t.Context(), chain.CodeHash{1}); !client.HasCode(err, client.CodeUnknownCode) {
		t.Error(err)
	}
	if status, body, _ := r.send("GET", "/v1/codes/12", "", nil); status != 400 || r.refusal(body).Code != client.CodeBadRequest {
		t.Errorf("%d %s", status, body)
	}
}

// A publication of the largest module goes through both content types, in a body that may hold no more; nothing longer
// does. Its input is cut wherever messages are shown.
func TestLargestPublication(t *testing.T) {
	r := start(t, setup{code: true})
	one, two := code("a", chain.MaxCodeBytes), code("b", chain.MaxCodeBytes)
	first, second := r.external("alice", 0, chain.MethodPublish, one.Encode()), r.external("bob", 0, chain.MethodPublish, two.Encode())
	if status, body, _ := r.send("POST", "/v1/messages", client.TypeMessage, first.Encode()); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	r.submit(second) // as one of several
	if n := len(second.Encode()); n > chain.MaxPublicationBytes || n+4 > client.MaxSubmissionBytes {
		t.Errorf("a publication of %d bytes", n)
	}
	status, body, _ := r.send("POST", "/v1/messages", client.TypeMessage, make([]byte, chain.MaxPublicationBytes+1))
	if status != 413 || r.refusal(body).Code != client.CodeTooLarge {
		t.Errorf("%d %s", status, body)
	}
	long := r.external("charlie", 0, "m", make([]byte, chain.MaxMessageBytes))
	if _, err := r.client.Submit(t.Context(), long); !client.HasCode(err, client.CodeTooLarge) {
		t.Errorf("a message that is too long and no publication: %v", err)
	}
	bad := r.external("charlie", 0, chain.MethodPublish, code("bad", 9).Encode())
	if status, body, _ := r.send("POST", "/v1/messages", client.TypeMessage, bad.Encode()); status != 422 || r.refusal(body).Code != "bad_code" {
		t.Errorf("%d %s", status, body)
	}
	r.mine(2)
	again := r.external("charlie", 0, chain.MethodPublish, one.Encode())
	if status, body, _ := r.send("POST", "/v1/messages", client.TypeMessage, again.Encode()); status != 409 || r.refusal(body).Code != "code_published" {
		t.Errorf("%d %s", status, body)
	}
	m := r.message(first.ID())
	if m.Status != chain.StatusOK || len(m.Input) > chain.MaxMessageBytes || m.InputBytes != len(one.Encode()) || m.GasUsed != first.GasLimit {
		t.Errorf("%s %s, %d of %d bytes of input, gas %d of %d", m.Status, m.Reason, len(m.Input), m.InputBytes, m.GasUsed, first.GasLimit)
	}
	if n := r.trace(first.ID()).Root; len(n.Input) > 1<<10 || n.InputBytes != m.InputBytes {
		t.Errorf("a trace has %d bytes of it", len(n.Input))
	}
}

// Messages that were handled as one say so. Which ones are is up to the scheduler, so it is tried until some were.
func TestJoined(t *testing.T) {
	r := start(t, setup{code: true})
	hash := r.teller()
	r.submit(r.external("bob", 0, chain.MethodSetCode, chain.SetCodeInput{Code: hash}.Encode()))
	r.mine(1)
	nonce := uint64(1)
	r.until("messages are handled as one", func() bool {
		to := address("alice")
		m := r.external("bob", nonce, "spread", to[:])
		nonce++
		r.submit(m)
		r.mine(1)
		children := r.trace(m.ID()).Root.Children
		if len(children) != chain.MaxSent {
			t.Fatalf("%d sent", len(children))
		}
		joined := slices.DeleteFunc(children, func(c *client.TraceNode) bool { return !c.Joined })
		return len(joined) > 0 && r.message(joined[0].ID).Joined
	})
}

// What contracts told stands with the messages, cut where there are many.
func TestEventsOfMessages(t *testing.T) {
	r := start(t, setup{code: true})
	r.teller()
	loud, tell := r.external("alice", 2, "shout", nil), r.external("alice", 3, "tell", []byte("xy"))
	r.submit(loud, tell)
	r.mine(1)
	if m := r.trace(loud.ID()).Root; len(m.Events) != 0 || m.MoreEvents != 1 {
		t.Errorf("a long event in a trace: %d of it, %d more", len(m.Events), m.MoreEvents)
	}
	if m := r.message(loud.ID()); len(m.Events) != 1 || m.Events[0].Topic != "loud" || len(m.Events[0].Body) != chain.MaxEventBytes || m.MoreEvents != 0 {
		t.Errorf("%d events, %d more", len(m.Events), m.MoreEvents)
	}
	if m := r.trace(tell.ID()).Root; len(m.Events) != 2 || m.Events[1].Topic != "y" || string(m.Events[1].Body) != "1" || m.MoreEvents != 0 {
		t.Errorf("%+v", m.Events)
	}
}

// events are all behind a cursor, as the pages say.
func (r *rig) events(f client.EventFilter, after uint64) (found []client.Event, pages int) {
	r.Helper()
	for {
		p, err := r.client.Events(r.Context(), f, after)
		if err != nil {
			r.Fatal(err)
		}
		if !p.Complete && p.Next <= after {
			r.Fatalf("a page behind %d ends at %d", after, p.Next)
		}
		found, after = append(found, p.Events...), p.Next
		if pages++; p.Complete {
			return found, pages
		}
	}
}

// told makes blocks with events: of alice 250 in each of six messages in one block, then an empty block, then one each of
// two accounts.
func (r *rig) told() []client.Event {
	r.Helper()
	hash := r.teller()
	for i := range uint64(6) {
		r.submit(r.external("alice", 2+i, "tell", []byte(strings.Repeat("ab", 125))))
	}
	r.mine(2)
	r.submit(r.external("alice", 8, "tell", []byte("a")), r.external("bob", 0, chain.MethodSetCode, chain.SetCodeInput{Code: hash}.Encode()))
	r.mine(1)
	r.submit(r.external("bob", 1, "tell", []byte("bc")))
	r.mine(1)
	all, pages := r.events(client.EventFilter{}, 0)
	if len(all) != 6*250+3 || pages != 2 {
		r.Fatalf("%d events on %d pages", len(all), pages)
	}
	return all
}

// Every event is found once, in order, from wherever one begins, and whatever it is filtered by.
func TestEvents(t *testing.T) {
	r := start(t, setup{code: true})
	all := r.told()
	for i := 1; i < len(all); i++ {
		if all[i-1].Cursor() >= all[i].Cursor() {
			t.Fatalf("event %d is at %d, the one before at %d", i, all[i].Cursor(), all[i-1].Cursor())
		}
	}
	if last := all[len(all)-1]; last.Account != address("bob") || last.Topic != "c" || string(last.Body) != "1" || last.Height != 7 || last.Index != 1 {
		t.Errorf("%+v", last)
	}
	for _, f := range []client.EventFilter{{Topic: "a"}, {Account: address("bob")}, {Account: address("bob"), Topic: "b"}, {Topic: "z"}, {Account: address("dave")}} {
		var want []client.Event
		for _, e := range all {
			if (f.Topic == "" || e.Topic == f.Topic) && (f.Account == chain.Address{} || e.Account == f.Account) {
				want = append(want, e)
			}
		}
		if got, _ := r.events(f, 0); len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: %d events, want %d", f, len(got), len(want))
		}
	}
	for _, n := range []int{0, 1, 249, 250, 999, 1000, 1499, 1500, 1501, len(all) - 1} {
		if got, _ := r.events(client.EventFilter{}, all[n].Cursor()); len(got) != len(all)-n-1 || len(got) > 0 && !reflect.DeepEqual(got, all[n+1:]) {
			t.Errorf("behind event %d: %d events", n, len(got))
		}
	}
	if got, _ := r.events(client.EventFilter{}, client.BehindBlock(7)); len(got) != 0 {
		t.Errorf("behind all: %d", len(got))
	}
	if _, err := r.client.Events(t.Context(), client.EventFilter{}, client.BehindBlock(8)); !client.HasCode(err, client.CodeUnknownBlock) {
		t.Error(err)
	}
	for _, path := range []string{"?account=x", "?after=x", "?topic=" + strings.Repeat("t", 65)} {
		for _, route := range []string{"/v1/events", "/v1/events/stream"} {
			if status, body, _ := r.send("GET", route+path, "", nil); status != 400 || r.refusal(body).Code == "" {
				t.Errorf("%s%s: %d %s", route, path, status, body)
			}
		}
	}
}

// N5: a stream of events that is cut in the middle of a block goes on behind the last that was read, with the same
// contents, and then with what is told later.
func TestEventStream(t *testing.T) {
	r := start(t, setup{code: true})
	all := r.told()
	for _, n := range []int{0, 100, 250, 999, 1499, 1501} {
		var got []client.Event
		cut, cursor := false, client.BehindBlock(0)
		if n > 0 {
			cursor = all[n-1].Cursor()
		}
		err := r.stream(cursor, func(e client.Event) error {
			if got = append(got, e); len(got) == len(all)-n {
				return errEnough
			}
			if len(got) == 7 && !cut {
				cut = true
				r.stop()
				r.serve()
			}
			return nil
		})
		if !errors.Is(err, errEnough) || !reflect.DeepEqual(got, all[n:]) {
			t.Fatalf("from event %d: %d events, %v", n, len(got), err)
		}
	}
	// What comes later comes too, and what isn't asked for doesn't.
	asked := make(chan client.Event, 1)
	done := make(chan error, 1)
	go func() {
		done <- client.New(r.url).FollowEvents(t.Context(), client.EventFilter{Account: address("bob"), Topic: "d"}, 7, func(e client.Event) error {
			asked <- e
			return errEnough
		})
	}()
	r.until("the stream is there", func() bool { return r.gauge("thinkey_api_streams") == "1" })
	r.submit(r.external("alice", 9, "tell", []byte("d")))
	r.mine(1)
	r.submit(r.external("bob", 2, "tell", []byte("ad")))
	r.mine(1)
	if e := <-asked; e.Height != 9 || e.Index != 1 || e.Topic != "d" {
		t.Errorf("%+v", e)
	}
	if err := <-done; !errors.Is(err, errEnough) {
		t.Error(err)
	}
}

// N2: a page is bounded by what its events hold too, in the middle of a block.
func TestPageOfLargeEvents(t *testing.T) {
	r := start(t, setup{code: true})
	r.teller()
	for i := range uint64(2) {
		m := r.external("alice", 2+i, "roar", nil).Clone()
		m.GasLimit = chain.MaxMessageGas
		r.submit(m.Sign(key("alice")))
	}
	r.mine(1)
	p, err := r.client.Events(t.Context(), client.EventFilter{}, 0)
	if n := len(p.Events); err != nil || p.Complete || n*chain.MaxEventBytes < 4<<20-chain.MaxEventBytes || n*chain.MaxEventBytes > 4<<20 {
		t.Fatalf("%d events, complete %t, %v", n, p.Complete, err)
	}
	if all, pages := r.events(client.EventFilter{}, 0); len(all) != 2*chain.MaxEvents || pages != 2 {
		t.Errorf("%d events on %d pages", len(all), pages)
	}
}

// stream follows events behind any cursor.
func (r *rig) stream(after uint64, f func(client.Event) error) error {
	r.Helper()
	return client.New(r.url).FollowEventsBehind(r.Context(), client.EventFilter{}, after, f)
}

// A look that finds nothing ends behind all that it read, so that a stream that is cut off doesn't begin anew: the cursor
// comes without an event. One look reads a bounded number of blocks.
func TestEventScanIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 2010 blocks")
	}
	r := start(t, setup{code: true})
	if err := r.node.Mine(2010); err != nil {
		t.Fatal(err)
	}
	p, err := r.client.Events(t.Context(), client.EventFilter{}, 0)
	if err != nil || p.Complete || len(p.Events) != 0 || p.Next != client.BehindBlock(2000) || p.Height != 2010 {
		t.Fatalf("%+v, %v", p, err)
	}
	if p, err = r.client.Events(t.Context(), client.EventFilter{}, p.Next); err != nil || !p.Complete || p.Next != client.BehindBlock(2010) {
		t.Fatalf("%+v, %v", p, err)
	}
	q, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/v1/events/stream?after=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	want := fmt.Sprintf("id: %d\n\nid: %d\n\n", client.BehindBlock(2000), client.BehindBlock(2010))
	got := make([]byte, len(": thinkey\n\n")+len(want))
	for n := 0; n < len(got); {
		k, err := answer.Body.Read(got[n:])
		if n += k; err != nil {
			t.Fatal(err)
		}
	}
	if string(got) != ": thinkey\n\n"+want {
		t.Errorf("%q", got)
	}
}

// The gas that a client computes for code is what the chain uses, to the unit.
func TestGasOfCode(t *testing.T) {
	r := start(t, setup{code: true})
	g := api.GasTable()
	in := code("teller", 2345)
	m := r.external("alice", 0, chain.MethodPublish, in.Encode())
	short := r.external("bob", 0, chain.MethodPublish, code("another", 2345).Encode())
	short.GasLimit--
	if _, err := r.client.Submit(t.Context(), short.Sign(key("bob"))); !client.HasCode(err, "gas_limit_low") {
		t.Error("a unit less:", err)
	}
	r.submit(m)
	r.mine(2)
	deploy := chain.DeployInput{Code: in.Hash(), GasLimit: 100_000, Input: []byte("hello")}
	made := r.transfer("alice", "alice", 1, func(m *chain.Message) {
		m.Method, m.Input, m.Amount, m.GasLimit = chain.MethodDeploy, deploy.Encode(), chain.NewAmount(9), g.Deploy(deploy)
	})
	r.submit(made)
	r.mine(1)
	tree := r.trace(made.ID())
	if m := r.message(m.ID()); m.Status != chain.StatusOK || m.GasUsed != m.GasLimit {
		t.Errorf("publish: %s, gas %d of %d", m.Status, m.GasUsed, m.GasLimit)
	}
	if tree.Root.Status != chain.StatusOK || len(tree.Root.Children) != 1 || tree.Root.Children[0].Status != chain.StatusOK ||
		tree.Root.GasUsed != made.GasLimit-deploy.GasLimit-g.Bounce {
		t.Errorf("deploy: %s %s, gas %d of %d", tree.Root.Status, tree.Root.Reason, tree.Root.GasUsed, made.GasLimit)
	}
	a, err := r.client.Account(t.Context(), chain.MadeAddress(chain.Main, address("alice"), deploy.Salt, deploy.Code))
	if err != nil || a.Code != in.Hash() || a.Balance != chain.NewAmount(9) {
		t.Errorf("%+v, %v", a, err)
	}
}
