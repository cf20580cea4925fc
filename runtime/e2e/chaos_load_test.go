package e2e

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// oracle is what clients were told.
type oracle struct {
	mu   sync.Mutex // guards the rest, and the addresses of nodes
	told []told
	of   [chaosChains]int
	high [chaosChains]uint64
}

func (o *oracle) add(on int, m *client.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, told{m.ID, m.Place.Height, m.Place.Block})
	o.of[on]++
	o.high[on] = max(o.high[on], m.Place.Height)
}

// final is how many messages were final on each chain.
func (o *oracle) final() [chaosChains]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.of
}

// highest are the heights that clients were told of.
func (o *oracle) highest() [chaosChains]uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.high
}

func (o *oracle) all() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.told)
}

func (o *oracle) last(n int) []told {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.told[max(0, len(o.told)-n):]
}

// part is every n-th, from the i-th on.
func (o *oracle) part(i, n int) (list []told) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for ; i < len(o.told); i += n {
		list = append(list, o.told[i])
	}
	return list
}

// check asks for messages, several at once.
func (o *oracle) check(t *testing.T, url string, list []told) {
	t.Helper()
	c := client.New(url)
	defer c.Close()
	const workers = 8
	wrong := make([]string, workers)
	var work sync.WaitGroup
	for w := range workers {
		work.Go(func() {
			for i := w; i < len(list) && wrong[w] == ""; i += workers {
				m, err := c.Message(t.Context(), list[i].id)
				switch {
				case err != nil:
					wrong[w] = "message " + list[i].id.String() + ": " + err.Error()
				case m.State != client.StateFinal || m.Place == nil || m.Place.Height != list[i].height || m.Place.Block != list[i].block:
					wrong[w] = "message " + list[i].id.String() + " was final in block " + strconv.FormatUint(list[i].height, 10) + " " + list[i].block.String() + ", and is not"
				}
			}
		})
	}
	work.Wait()
	for _, w := range wrong {
		if w != "" {
			t.Fatalf("%s: %s", url, w)
		}
	}
}

// pays makes payments on one chain, half of them to an account on the next, at whichever node answers.
func (c *chaos) pays(ctx context.Context, i int) {
	on := i % chaosChains
	names := client.DevNames()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for at := i; ctx.Err() == nil; at++ { // at the next node, when this one is gone
		c.paysAt(ctx, c.url(at%chaosNodes), payer{on: on, name: names[i], to: names[(i+1)%len(names)]}, pause.C)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
}

// payer is a client.
type payer struct {
	on       int
	name, to string
}

// paysAt makes payments at one node until that doesn't answer as it should.
func (c *chaos) paysAt(ctx context.Context, url string, p payer, pause <-chan time.Time) {
	of := client.New(url, client.WithTries(1), client.WithTimeout(5*time.Second), client.WithChain(strconv.Itoa(p.on+1)))
	defer of.Close()
	about, err := of.Info(ctx)
	if err != nil {
		return
	}
	signer := client.NewSigner(of, client.DevKey(about.Dev.Seed, p.name))
	to := client.DevKey(about.Dev.Seed, p.to).Public()
	for n := 0; ; n++ {
		destination := chain.ID(p.on + 1)
		if n%2 == 1 {
			destination = chain.ID((p.on+1)%chaosChains + 1)
		}
		m, err := signer.Transfer(ctx, chain.KeyAddress(destination, to), chain.NewAmount(1))
		if err != nil {
			return
		}
		answers, err := c.submitFinal(ctx, of, m)
		if err != nil {
			return
		}
		if got := answers[0].Message; got != nil && got.State == client.StateFinal {
			c.oracle.add(p.on, got)
		}
		select {
		case <-ctx.Done():
			return
		case <-pause:
		}
	}
}

// answerTime is after how long a client asks another node: its own may be apart from the others.
const answerTime = 5 * time.Second

func (c *chaos) submitFinal(ctx context.Context, of *client.Client, m *chain.Message) ([]client.Submitted, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	return of.SubmitFinal(ctx, m)
}

// overload submits on all chains as fast as all nodes take it, and waits for nothing.
func (c *chaos) overload(ctx context.Context) (taken, refused int) {
	var mu sync.Mutex
	var work sync.WaitGroup
	names := overloaders()
	for k := range chaosChains {
		for n, name := range names {
			work.Go(func() {
				of := client.New(c.url(n%chaosNodes), client.WithTries(1), client.WithTimeout(5*time.Second), client.WithChain(strconv.Itoa(k+1)))
				defer of.Close()
				about, err := of.Info(ctx)
				if err != nil {
					return
				}
				signer := client.NewSigner(of, client.DevKey(about.Dev.Seed, name))
				to := chain.KeyAddress(chain.ID(k+1), client.DevKey(about.Dev.Seed, names[(n+1)%len(names)]).Public())
				for ctx.Err() == nil {
					yes, no := burst(ctx, of, signer, to)
					mu.Lock()
					taken, refused = taken+yes, refused+no
					mu.Unlock()
				}
			})
		}
	}
	work.Wait()
	return taken, refused
}

// overloaders send in an overload, on each chain.
func overloaders() []string { return client.DevNames()[6:] }

// nonces are how many messages those have final, on all chains together; false if a node doesn't answer.
func (c *chaos) nonces() (sum uint64, all bool) {
	for k := range chaosChains {
		of := client.New(c.url(k%chaosNodes), client.WithTries(1), client.WithTimeout(answerTime), client.WithChain(strconv.Itoa(k+1)))
		about, err := of.Info(c.Context())
		for _, name := range overloaders() {
			if err == nil {
				var a client.Account
				a, err = of.Account(c.Context(), chain.KeyAddress(chain.ID(k+1), client.DevKey(about.Dev.Seed, name).Public()))
				sum += a.Nonce
			}
		}
		of.Close()
		if err != nil {
			return 0, false
		}
	}
	return sum, true
}

// burst submits some payments at once.
func burst(ctx context.Context, of *client.Client, signer *client.Signer, to chain.Address) (taken, refused int) {
	first, err := signer.Transfer(ctx, to, chain.NewAmount(1))
	if err != nil {
		return 0, 1
	}
	list := []*chain.Message{first}
	for len(list) < 50 {
		m, err := signer.Transfer(ctx, to, chain.NewAmount(1), client.WithNonce(first.Nonce+uint64(len(list))))
		if err != nil {
			return 0, 1
		}
		list = append(list, m)
	}
	answers, err := of.Submit(ctx, list...)
	if err != nil {
		return 0, len(list)
	}
	for _, a := range answers {
		if a.Error == nil {
			taken++
		} else {
			refused++
		}
	}
	return taken, refused
}
