package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/client"
)

// fakeNode answers /v1/info as one of its version, unless it is made to fail.
func fakeNode(t *testing.T, version string, fails func(w http.ResponseWriter, q *http.Request) bool) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		asked.Add(1)
		if fails != nil && fails(w, q) {
			return
		}
		switch {
		case strings.HasSuffix(q.URL.Path, "/blocks"):
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "event: block\nid: 1\ndata: {\"height\": 1}\n\n")
		default:
			fmt.Fprintf(w, `{"version": %q}`, version)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

// Of several nodes the next is asked when one can't be reached, hangs, is cut off, or is too busy, and stays the one that is asked.
func TestFailover(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, fails := range map[string]func(w http.ResponseWriter, q *http.Request) bool{
		"gone": nil,
		"hangs": func(_ http.ResponseWriter, q *http.Request) bool {
			<-q.Context().Done()
			return true
		},
		"cut off": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "{")
			return true
		},
		"busy": func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			first, asked := gone.URL, new(atomic.Int64)
			if fails != nil {
				first, asked = fakeNode(t, "first", fails)
			}
			second, _ := fakeNode(t, "second", nil)
			c := client.New(first, client.WithOthers(second), client.WithTimeout(time.Second), client.WithTries(1))
			defer c.Close()
			for range 3 {
				in, err := c.On("b").Info(t.Context())
				if err != nil || in.Version != "second" || c.Node() != second {
					t.Fatalf("%q at %s, %v", in.Version, c.Node(), err)
				}
			}
			if asked.Load() > 1 {
				t.Errorf("a node that failed was asked %d times", asked.Load())
			}
		})
	}
}

// What a node answers is the answer, also if it is a refusal; what must not be repeated isn't; and where no node answers one is named.
func TestNoFailover(t *testing.T) {
	refuses := func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error": {"code": "unknown_block", "message": "no"}}`)
		return true
	}
	first, _ := fakeNode(t, "first", refuses)
	second, asked := fakeNode(t, "second", nil)
	c := client.New(first, client.WithOthers(second))
	defer c.Close()
	var refusal *client.Error
	if _, err := c.Info(t.Context()); !errors.As(err, &refusal) || asked.Load() > 0 {
		t.Errorf("%v, and the other was asked %d times", err, asked.Load())
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	c = client.New(gone.URL, client.WithOthers(second))
	if err := c.Mine(t.Context(), 1); !errors.Is(err, client.ErrUnreachable) || asked.Load() > 0 {
		t.Errorf("%v, and the other was asked %d times", err, asked.Load())
	}
	c = client.New(gone.URL, client.WithOthers(gone.URL), client.WithTries(2))
	if _, err := c.Info(t.Context()); !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), gone.URL) {
		t.Error(err)
	}
}

// A stream goes on at the next node, from where it was.
func TestStreamFailover(t *testing.T) {
	first, _ := fakeNode(t, "first", nil) // one event, and it is cut off
	var cursor atomic.Value
	second, _ := fakeNode(t, "second", func(w http.ResponseWriter, q *http.Request) bool {
		cursor.Store(q.Header.Get("Last-Event-ID"))
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "event: block\nid: 2\ndata: {\"height\": 2}\n\n")
		return true
	})
	c := client.New(first, client.WithOthers(second))
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var heights []uint64
	err := c.Blocks(ctx, 0, func(b client.Block) error {
		if heights = append(heights, b.Height); len(heights) == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || len(heights) != 2 || heights[1] != 2 || cursor.Load() != "1" {
		t.Errorf("%v, heights %d, cursor %v", err, heights, cursor.Load())
	}
}
