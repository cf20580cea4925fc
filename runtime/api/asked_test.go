package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/thinkey/thinkey/cluster/placement"
	"github.com/thinkey/thinkey/sdk/chain"
)

// N2: one address has a quarter of its connections' worth of questions with other nodes, and no more, whoever is asked what: they leave places for others.
func TestQuestionsOfOneAddress(t *testing.T) {
	here, _, way := farFrom(t, 2)
	const share = 64
	asked, answer := make(chan struct{}, 2*share), make(chan struct{})
	way.answers = func(ctx context.Context, _ chain.ID, _ []byte) ([]byte, error) {
		asked <- struct{}{}
		<-answer
		return nil, placement.ErrSilent
	}
	get := func(what string) int {
		a, err := http.Get(fmt.Sprintf("%s/v1/chains/3/%s", here.url, what))
		if err != nil {
			t.Error(err)
			return 0
		}
		defer a.Body.Close()
		return a.StatusCode
	}
	var all sync.WaitGroup
	for range share {
		all.Go(func() {
			if got := get("info"); got != http.StatusGatewayTimeout {
				t.Errorf("status %d", got)
			}
		})
	}
	for range share {
		<-asked
	}
	for _, what := range []string{"info", fmt.Sprintf("messages/%s?wait=10s", chain.MessageID{7}), "accounts/" + address("bob").On(3).String()} {
		if got := get(what); got != http.StatusServiceUnavailable {
			t.Errorf("%s beside them: status %d", what, got)
		}
	}
	close(answer)
	all.Wait()
	if got := get("info"); got != http.StatusGatewayTimeout {
		t.Errorf("after them: status %d", got)
	}
}

// Who goes away keeps the place of the question: the node that was asked isn't told, and works on.
func TestQuestionsOfWhoIsGone(t *testing.T) {
	here, _, way := farFrom(t, 2)
	const share = 64
	asked := make(chan struct{}, 2*share)
	way.answers = func(ctx context.Context, _ chain.ID, _ []byte) ([]byte, error) {
		asked <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ctx, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range share {
		all.Go(func() {
			q, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/v1/chains/3/messages/%s?wait=50s", here.url, chain.MessageID{7}), nil)
			if err != nil {
				t.Error(err)
				return
			}
			if a, err := http.DefaultClient.Do(q); err == nil {
				a.Body.Close()
			}
		})
	}
	for range share {
		<-asked
	}
	leave()
	all.Wait()
	for !strings.Contains(get(t, here, "/metrics"), "\nthinkey_api_polls 0\n") { // until all have gone
	}
	if got := get(t, here, "/v1/chains/3/info"); !strings.Contains(got, "questions to other nodes of one address") {
		t.Errorf("%s, though others are still asked as much as may be", got)
	}
}
