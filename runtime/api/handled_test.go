package api_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/light"
)

// told is what a server answers of a message on a chain.
func (g *grove) told(on chain.ID, id chain.MessageID, query string) (m client.Message, status int) {
	g.Helper()
	a, err := http.Get(fmt.Sprintf("%s/v1/chains/%d/messages/%s?%s", g.url, on, id, query))
	if err != nil {
		g.Fatal(err)
	}
	defer a.Body.Close()
	raw, err := io.ReadAll(a.Body)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		g.Fatalf("%v: %s", err, raw)
	}
	return m, a.StatusCode
}

// farFrom is a server of chain 1 and another one, to which the rest is at a server of all.
func farFrom(t *testing.T, has chain.ID) (here, all *grove, way *abroad) {
	all = startTree(t, false)
	way = &abroad{to: all}
	here = &grove{TB: t, process: all.process}
	here.serve(api.Config{Node: all.process.Node(has), Others: []*node.Node{all.process.Node(chain.Main)}, Elsewhere: way})
	return here, all, way
}

// paid is a payment within a chain that is final.
func (g *grove) paid(on chain.ID) *chain.Message {
	m := g.pay(on, "alice", on, "bob", 7)
	if _, err := g.client.Wait(g.Context(), m.ID()); err != nil {
		g.Fatal(err)
	}
	return m
}

// A message on a chain that isn't here is final where that is shown: by the committee's certificate at once, under one chain or more, and by what
// the chain above has recorded later.
func TestFinalElsewhere(t *testing.T) {
	for on, has := range map[chain.ID]chain.ID{3: 2, 4: 3} {
		here, all, _ := farFrom(t, has)
		all.paid(2) // of chain 2 something must be certified that shows who certifies chain 4
		first := all.paid(on)
		for _, query := range []string{"", "wait=final"} {
			m, status := here.told(on, first.ID(), query)
			if status != http.StatusOK || m.State != client.StateFinal || m.Elsewhere || m.Finality != client.Final || m.Status != chain.StatusOK || m.Proof != nil {
				t.Errorf("on %d, %q: %d, %+v", on, query, status, m)
			}
			want, _ := all.told(on, first.ID(), "")
			if *m.Place != *want.Place || m.Fee != want.Fee || m.Amount != want.Amount || len(m.Sent) != len(want.Sent) {
				t.Errorf("on %d: %+v instead of %+v", on, m, want)
			}
		}
		for id := on; id != chain.Main; {
			parent := all.process.Node(id).Tree().Parent(id)
			all.carry(id, parent)
			id = parent
		}
		if m, _ := here.told(on, first.ID(), ""); m.Elsewhere || m.Finality != client.Rooted {
			t.Errorf("on %d, recorded: %+v", on, m)
		}
		second := all.paid(on)
		if m, _ := here.told(on, second.ID(), ""); m.Elsewhere || m.Finality != client.Final {
			t.Errorf("on %d, after what is recorded: %+v", on, m)
		}
		if m, _ := all.told(on, first.ID(), "proof=1"); len(m.Proof) == 0 {
			t.Error("no proof where it is asked for")
		}
		for _, bad := range []string{"proof=0", "proof=x", "proof=-1"} {
			if _, status := all.told(on, first.ID(), bad); status != http.StatusBadRequest {
				t.Errorf("%s: %d", bad, status)
			}
		}
		if m, status := all.told(on, first.ID(), fmt.Sprint("proof=", on)); status != http.StatusOK || len(m.Proof) > 0 {
			t.Errorf("from itself: %d, %+v", status, m)
		}
	}
}

// Whoever lies of a message makes nothing final: not without a proof, nor with another's, nor with one that was changed.
func TestLieElsewhere(t *testing.T) {
	here, all, way := farFrom(t, 2)
	first, second := all.paid(3), all.paid(3)
	id := first.ID()
	other, _ := all.told(3, second.ID(), "proof=1")
	if len(other.Proof) == 0 {
		t.Fatal("no proof")
	}
	edit := func(change func(*client.Message)) func(string) string {
		return func(body string) string {
			var m client.Message
			if err := json.Unmarshal([]byte(body), &m); err != nil || len(m.Proof) == 0 {
				return body
			}
			change(&m)
			raw, _ := json.Marshal(m)
			return string(raw)
		}
	}
	refused := func(name string, change func(*client.Message)) {
		t.Helper()
		way.is(nil, edit(change))
		for _, query := range []string{"", "wait=1ms"} {
			if m, status := here.told(3, id, query); status != http.StatusGatewayTimeout {
				t.Errorf("%s: %d, %+v", name, status, m)
			}
		}
	}
	refused("another proof", func(m *client.Message) { m.Proof = other.Proof })
	refused("another's id", func(m *client.Message) { m.ID = second.ID() })
	refused("another amount", func(m *client.Message) { m.Amount = chain.NewAmount(8) })
	refused("another receiver", func(m *client.Message) { m.To = address("eve").On(3) })
	refused("another place", func(m *client.Message) { m.Place = nil })
	refused("a proof that is none", func(m *client.Message) { m.Proof = m.Proof[:len(m.Proof)-1] })
	refused("a failure", func(m *client.Message) {
		h, err := light.DecodeHandled(m.Proof)
		if err != nil {
			t.Fatal(err)
		}
		h.Receipt.Status = chain.StatusRefused
		m.Proof = h.Encode()
	})
	refused("another committee's block", func(m *client.Message) {
		h, err := light.DecodeHandled(m.Proof)
		if err != nil {
			t.Fatal(err)
		}
		h.Header.Load++
		m.Proof = h.Encode()
	})
	way.is(nil, edit(func(m *client.Message) { m.Input = m.Input[:3] }))
	if m, _ := here.told(3, id, "wait=50s"); m.State != client.StateFinal || m.Elsewhere || m.Status != chain.StatusOK || m.Place == nil || m.Input != nil || !m.Amount.IsZero() {
		t.Errorf("of what is told cut, as the code of a publication is, what came of it is shown: %+v", m)
	}
	refused("refused", func(m *client.Message) { m.State = client.StateRefused })
	refused("dropped without a reason", func(m *client.Message) { m.State = client.StateDropped })
	refused("final and dropped", func(m *client.Message) { m.Proof, m.Dropped = nil, &client.Error{Code: "x"} })
	way.is(nil, nil)
	honest, _ := here.told(3, id, "")
	way.is(nil, edit(func(m *client.Message) {
		m.Status, m.Reason, m.GasUsed, m.Finality, m.Fee, m.MoreEvents = chain.StatusRefused, "no", 1, client.Rooted, chain.NewAmount(9), 3
		m.Events, m.Logs = []client.ContractEvent{{Topic: "paid"}}, []string{"x"}
		m.Place = &client.Place{Chain: 2, Height: 9, Block: chain.BlockHash{1}, Account: address("eve").On(3), Event: 5}
		m.Kind, m.Parent, m.Index, m.Origin, m.Depth = "junk", chain.MessageID{3}, 4, chain.MessageID{5}, 6
		m.Confirmed, m.Waits, m.Dropped, m.Elsewhere = true, &client.Waits{For: "x"}, &client.Error{Code: "x"}, true
	}))
	if m, _ := here.told(3, id, ""); !reflect.DeepEqual(m, honest) {
		t.Errorf("what the proof says counts: %+v, %+v", m, honest)
	}
	way.is(nil, edit(func(m *client.Message) { m.Proof = nil }))
	if m, _ := here.told(3, id, ""); m.State != client.StateFinal || !m.Elsewhere {
		t.Errorf("without a proof it is a word: %+v", m)
	}
	if m, _ := here.told(3, id, "wait=200ms"); m.State != client.StateQueued || !m.Elsewhere || m.Place != nil {
		t.Errorf("which nobody who waits takes: %+v", m)
	}
	all.carry(3, 1)
	forged := func(change func(*light.Handled)) func(*client.Message) {
		return func(m *client.Message) {
			h, err := light.DecodeHandled(m.Proof)
			if err != nil || !h.IsCovered() {
				t.Fatalf("%+v, %v", h, err)
			}
			change(&h)
			m.Proof = h.Encode()
		}
	}
	refused("another block than the recorded one", forged(func(h *light.Handled) { h.Header.Load++ }))
	refused("another block of main", forged(func(h *light.Handled) { h.From-- }))
	way.is(nil, edit(forged(func(h *light.Handled) { h.From += 1000 })))
	if m, status := here.told(3, id, ""); status != http.StatusOK || !m.Elsewhere {
		t.Errorf("a block of main that isn't here yet: %d, %+v", status, m)
	}
}

// Who waits takes what is shown later.
func TestShownLater(t *testing.T) {
	here, all, way := farFrom(t, 2)
	id, asked := all.paid(3).ID(), 0
	way.is(nil, func(body string) string {
		if asked++; asked > 2 {
			return body
		}
		var m client.Message
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Error(err)
		}
		m.Proof = nil
		raw, _ := json.Marshal(m)
		return string(raw)
	})
	if m, _ := here.told(3, id, "wait=50s"); m.State != client.StateFinal || m.Elsewhere || asked != 3 {
		t.Errorf("once it is shown: %+v, asked %d times", m, asked)
	}
}

// What was taken stays so in the answer to who handed it in, whatever is said of it later.
func TestSubmitToLiar(t *testing.T) {
	here, there, way := elsewhere(t)
	m, err := client.NewSigner(there.client.On("b"), key("alice")).Transfer(t.Context(), address("bob").On(3), chain.NewAmount(5))
	if err != nil {
		t.Fatal(err)
	}
	way.change = func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"amount":"5"`), []byte(`"amount":"6"`)) }
	a, err := http.Post(here.url+"/v1/messages?wait=200ms", client.TypeMessage, bytes.NewReader(m.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	var is client.Submission
	if err := json.NewDecoder(a.Body).Decode(&is); err != nil || a.StatusCode >= 300 || len(is.Messages) != 1 || is.Messages[0].State != client.StateQueued || is.Messages[0].ID != m.ID() {
		t.Errorf("%d, %v, %+v", a.StatusCode, err, is)
	}
}

// Nobody is asked any more for who went away.
func TestGoneWhileWaiting(t *testing.T) {
	here, _, way := farFrom(t, 2)
	asked, ended := make(chan struct{}), make(chan struct{})
	way.answers = func(ctx context.Context, _ chain.ID, _ []byte) ([]byte, error) {
		close(asked)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/v1/chains/3/messages/%s?wait=55s", here.url, chain.MessageID{7}), nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-asked
		cancel()
	}()
	if a, err := http.DefaultClient.Do(q); err == nil {
		a.Body.Close()
		t.Error("it is answered")
	}
	select {
	case <-ended:
	case <-time.After(50 * time.Second):
		t.Error("it is asked for all of its wait")
	}
}

// Where one node lies, or shows nothing, another one is asked.
func TestLiarBeside(t *testing.T) {
	here, all, way := farFrom(t, 2)
	id := all.paid(3).ID()
	for name, change := range map[string]func(*client.Message){
		"a lie":     func(m *client.Message) { m.Amount = chain.NewAmount(8) },
		"no proof":  func(m *client.Message) { m.Proof = nil },
		"no answer": func(m *client.Message) { *m = client.Message{} },
	} {
		way.is(nil, func(body string) string {
			var m client.Message
			if err := json.Unmarshal([]byte(body), &m); err != nil || way.turn%2 == 1 {
				return body
			}
			change(&m)
			raw, _ := json.Marshal(m)
			return string(raw)
		})
		for _, query := range []string{"", "wait=50s"} {
			if m, status := here.told(3, id, query); status != http.StatusOK || m.State != client.StateFinal || m.Elsewhere {
				t.Errorf("%s, %q: %d, %+v", name, query, status, m)
			}
		}
	}
}

// Of two blocks that a broken committee has certified the recorded one counts (SPEC 4.9): the other one shows nothing, and is not shown.
func TestForkElsewhere(t *testing.T) {
	here, all, way := farFrom(t, 2)
	id := all.paid(3).ID()
	good, _ := all.told(3, id, "proof=1")
	run, err := all.process.Node(3).Relay().Run(1)
	if err != nil {
		t.Fatal(err)
	}
	other := all.beside(3, run)
	all.call(1, chain.MethodDigest, other.Append(nil))
	if m, _ := all.told(3, id, "proof=1"); len(m.Proof) > 0 {
		t.Error("a proof of a block that isn't the recorded one")
	}
	way.is(nil, func(body string) string { // as before it was recorded
		var m client.Message
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Error(err)
		}
		m.Proof = good.Proof
		raw, _ := json.Marshal(m)
		return string(raw)
	})
	if m, _ := here.told(3, id, ""); !m.Elsewhere {
		t.Errorf("a block beside the recorded one: %+v", m)
	}
}

// A node that lies whenever it is asked makes nothing final that isn't, nor otherwise than it is; what was shown once stays so.
func TestLiarElsewhere(t *testing.T) {
	here, all, way := farFrom(t, 2)
	way.answers = byzantine.Answers(all.server.AnswerRoute)
	var sent []chain.MessageID
	shown := 0
	for range 40 {
		sent = append(sent, all.paid(3).ID())
		for _, id := range append(sent[max(0, len(sent)-3):], chain.MessageID{7}) {
			m, status := here.told(3, id, []string{"", "wait=1ms"}[shown%2])
			if status != http.StatusOK || m.Elsewhere {
				continue
			}
			if shown++; m.State != client.StateFinal || m.Status != chain.StatusOK || m.Place.Height > uint64(len(sent)) {
				t.Fatalf("%+v", m)
			}
		}
	}
	if shown == 0 {
		t.Error("it never said what is so: its other lies are not seen")
	}
}

// No change of a proof makes another one of the same, nor one of something else.
func TestProofFlipped(t *testing.T) {
	here, all, way := farFrom(t, 3)
	all.paid(2)
	id := all.paid(4).ID()
	want, _ := here.told(4, id, "")
	good, _ := all.told(4, id, "proof=1")
	for at := 0; at < len(good.Proof); at += 7 {
		way.is(nil, func(body string) string {
			b := append([]byte(nil), good.Proof...)
			b[at] ^= 1 << (at % 8)
			return strings.Replace(body, hex.EncodeToString(good.Proof), hex.EncodeToString(b), 1)
		})
		if m, status := here.told(4, id, ""); status == http.StatusOK && (!m.Elsewhere || *m.Place != *want.Place) {
			t.Fatalf("byte %d: %+v", at, m)
		}
	}
}
