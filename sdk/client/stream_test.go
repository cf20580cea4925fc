package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// events is a node that sends blocks above the cursor, a few in each connection.
func events(t *testing.T, list []client.Block, each int) (url string, connections *int) {
	connections = new(int)
	return serve(t, func(w http.ResponseWriter, q *http.Request) {
		*connections++
		after, err := strconv.Atoi(q.Header.Get("Last-Event-ID"))
		if err != nil {
			t.Errorf("cursor %q", q.Header.Get("Last-Event-ID"))
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, ": hello\n\n")
		for i := after; i < min(after+each, len(list)); i++ {
			b, _ := json.Marshal(list[i])
			fmt.Fprintf(w, "event: block\nid: %d\ndata: %s\n\n: alive\n\n", i+1, b)
		}
		if half, _ := json.Marshal(list[0]); after+each < len(list) {
			fmt.Fprintf(w, "event: block\nid: %d\ndata: %s\n", after+each+1, half[:20]) // cut off in the middle of an event
		}
	}), connections
}

var errEnough = errors.New("enough")

// K3: a stream that is cut off goes on by itself; nothing twice, nothing left out.
func TestBlocksResume(t *testing.T) {
	list := blocks(7)
	for after := range 7 {
		url, connections := events(t, list, 2)
		var got []client.Block
		err := client.New(url).Blocks(t.Context(), uint64(after), func(b client.Block) error {
			if got = append(got, b); b.Height == 7 {
				return errEnough
			}
			return nil
		})
		if !errors.Is(err, errEnough) || !slices.Equal(heights(got), heights(list[after:])) || *connections != (7-after+1)/2 {
			t.Fatalf("after %d: heights %v over %d connections, %v", after, heights(got), *connections, err)
		}
	}
}

func TestBlocksThatDontContinueAreRefused(t *testing.T) {
	for name, change := range map[string]func([]client.Block){
		"another parent": func(l []client.Block) { l[2].Parent = chain.BlockHash{1} },
		"a gap":          func(l []client.Block) { l[2] = l[3] },
		"a repeat":       func(l []client.Block) { l[2] = l[1] },
	} {
		list := blocks(5)
		change(list)
		url, _ := events(t, list, 5)
		var got []client.Block
		err := client.New(url).Blocks(t.Context(), 0, func(b client.Block) error { got = append(got, b); return nil })
		if !errors.Is(err, client.ErrOtherChain) || len(got) != 2 {
			t.Errorf("%s: heights %v, %v", name, heights(got), err)
		}
	}
}

// A stream that can't be taken up again ends, and says why.
func TestStreamGivesUp(t *testing.T) {
	url, _ := events(t, blocks(2), 5)
	err := client.New(url, client.WithPatience(10*time.Millisecond)).Blocks(t.Context(), 0, func(client.Block) error { return nil })
	if !errors.Is(err, client.ErrUnreachable) {
		t.Fatal(err)
	}
	url = serve(t, func(w http.ResponseWriter, q *http.Request) {
		answer(w, 404, client.Refused{Error: &client.Error{Code: client.CodeUnknownBlock, Message: "no"}})
	})
	if err := client.New(url).Blocks(t.Context(), 9, nil); !client.HasCode(err, client.CodeUnknownBlock) {
		t.Fatal(err)
	}
	url = serve(t, func(w http.ResponseWriter, q *http.Request) { answer(w, 200, 1) })
	if err := client.New(url).Blocks(t.Context(), 9, nil); err == nil || errors.Is(err, client.ErrUnreachable) {
		t.Fatal(err)
	}
}

// Follow ends with the tree, or with the error of who is told.
func TestFollowEnds(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		switch q.Header.Get("Last-Event-ID") {
		case "":
			fmt.Fprint(w, "event: progress\nid: 1\ndata: {\"number\":1}\n\n")
		case "1":
			fmt.Fprint(w, "event: progress\nid: 2\ndata: {\"number\":2}\n\nevent: complete\ndata: {}\n\nevent: progress\nid: 3\ndata: {\"number\":3}\n\n")
		}
	})
	var got []int
	err := client.New(url).Follow(t.Context(), chain.MessageID{}, func(p client.Progress) error { got = append(got, p.Number); return nil })
	if err != nil || !slices.Equal(got, []int{1, 2}) {
		t.Fatalf("%v, %v", got, err)
	}
	if err := client.New(url).Follow(t.Context(), chain.MessageID{}, func(client.Progress) error { return errEnough }); !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
}
