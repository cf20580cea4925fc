package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// K5: a module is what its hash says, or it is refused.
func TestRawCodeIsHeldToItsHash(t *testing.T) {
	in := chain.PublishInput{Immutable: true, Code: []byte("\x00asm a module")}
	sent := in.Code
	immutable := true
	url := serve(t, func(w http.ResponseWriter, q *http.Request) {
		if strings.HasSuffix(q.URL.Path, "/raw") {
			_, _ = w.Write(sent)
			return
		}
		answer(w, 200, client.Code{Hash: in.Hash(), Immutable: immutable})
	})
	if raw, err := client.New(url).RawCode(t.Context(), in.Hash()); err != nil || !slices.Equal(raw, in.Code) {
		t.Fatal(err)
	}
	immutable = false
	if _, err := client.New(url).RawCode(t.Context(), in.Hash()); !errors.Is(err, client.ErrProof) {
		t.Error("mutable where it is not:", err)
	}
	immutable, sent = true, []byte("\x00asm another")
	if _, err := client.New(url).RawCode(t.Context(), in.Hash()); !errors.Is(err, client.ErrProof) {
		t.Error("another module:", err)
	}
}

// A question goes as it is written in the page of the API, and comes back with all that was answered.
func TestQuery(t *testing.T) {
	want := client.Answer{
		Status: chain.StatusRefused, Reason: "no", GasUsed: 7, Logs: []string{"a", "b"}, Height: 3, Block: chain.BlockHash{1}, Finality: client.Final,
	}
	url := serve(t, func(w http.ResponseWriter, q *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(q.Body).Decode(&body); err != nil || q.Method != "POST" || q.Header.Get("Content-Type") != "application/json" ||
			q.URL.Path != "/v1/accounts/"+address("alice").String()+"/query" || fmt.Sprint(body) != "map[gas_limit:9 input:00ff method:get]" {
			t.Errorf("%s %s: %v, %v", q.Method, q.URL, body, err)
		}
		answer(w, 200, want)
	})
	got, err := client.New(url).Query(t.Context(), address("alice"), client.Question{Method: "get", Input: client.Hex{0, 255}, GasLimit: 9})
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%+v, %v", got, err)
	}
}

// K3: a stream of events goes on behind the last of them, or behind the cursor that came alone; that is no event.
func TestFollowEventsResumes(t *testing.T) {
	var cursors []string
	send := func(w http.ResponseWriter, e client.Event) {
		text, _ := json.Marshal(e)
		fmt.Fprintf(w, "event: event\nid: %d\ndata: %s\n\n", e.Cursor(), text)
	}
	url := serve(t, func(w http.ResponseWriter, q *http.Request) {
		cursors = append(cursors, q.Header.Get("Last-Event-ID"))
		if v := q.URL.Query(); v.Get("topic") != "t" || v.Get("account") != address("bob").String() {
			t.Errorf("filter %v", v)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		switch len(cursors) {
		case 1:
			send(w, client.Event{Height: 5, Index: 2, Account: address("bob")})
		case 2:
			fmt.Fprintf(w, "id: %d\n\n", client.BehindBlock(9))
		default:
			send(w, client.Event{Height: 10, Account: address("bob")})
		}
	})
	var got []uint64
	filter := client.EventFilter{Account: address("bob"), Topic: "t"}
	err := client.New(url).FollowEvents(t.Context(), filter, 4, func(e client.Event) error {
		if got = append(got, e.Height); e.Height == 10 {
			return errEnough
		}
		return nil
	})
	first := client.Event{Height: 5, Index: 2}
	want := []string{fmt.Sprint(client.BehindBlock(4)), fmt.Sprint(first.Cursor()), fmt.Sprint(client.BehindBlock(9))}
	if !errors.Is(err, errEnough) || !slices.Equal(got, []uint64{5, 10}) || !slices.Equal(cursors, want) {
		t.Fatalf("%v, cursors %v, want %v, %v", got, cursors, want, err)
	}
}

// Cursors have the order of events, and tell their block.
func TestCursors(t *testing.T) {
	last := client.Event{Height: 7, Index: chain.MaxBlockEvents*chain.MaxEvents - 2}
	next := client.Event{Height: 8}
	if last.Cursor() >= client.BehindBlock(7) || client.BehindBlock(7)+1 != next.Cursor() || client.CursorHeight(last.Cursor()) != 7 ||
		client.CursorHeight(client.BehindBlock(7)) != 7 || client.CursorHeight(next.Cursor()) != 8 {
		t.Error(last.Cursor(), client.BehindBlock(7), next.Cursor())
	}
}

// The signer gives a publication gas that suffices for any module, and never more than a message may have.
func TestPublishGas(t *testing.T) {
	g := client.Gas{External: 100, PerByte: 2, PublishByte: 20, PublishComplexity: 3, MaxComplexity: 1000, Most: 50_000}
	in := chain.PublishInput{Code: make([]byte, 100)}
	base := uint64(100 + 2*(len("publish")+5+100) + 20*100)
	if got := g.PublishExactly(in, 7); got != base+21 {
		t.Errorf("%d, want %d", got, base+21)
	}
	if got := g.Publish(in); got != base+3000 {
		t.Errorf("%d, want %d", got, base+3000)
	}
	if got := g.Publish(chain.PublishInput{Code: make([]byte, 10_000)}); got != 50_000 {
		t.Errorf("%d", got)
	}
}
