package e2e

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// chaosPayers are how many clients pay.
const chaosPayers = 6

// oracle is what clients were told, and what they don't know.
type oracle struct {
	mu   sync.Mutex // guards the rest, and the addresses of nodes
	told []told
	of   [chaosChains]int
	high [chaosChains]uint64
	far  int // by a node that doesn't run the chain
	// paid are the payments of each client that were final, by the chain they went to; open those of which it was told nothing: they may be final or not.
	paid [chaosPayers][chaosChains]int
	open [chaosPayers]map[chain.MessageID]chain.ID
	done map[chain.MessageID]bool // those that were final
}

// sends notes that a client is about to submit a payment.
func (o *oracle) sends(i int, id chain.MessageID, to chain.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done[id] { // it signs the same again, at a node that is behind
		return
	}
	if o.open[i] == nil {
		o.open[i] = map[chain.MessageID]chain.ID{}
	}
	o.open[i][id] = to
}

// add notes that client i was told of something final on a chain, perhaps by a node that doesn't run that.
func (o *oracle) add(i, on int, m *client.Message, far bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done[m.ID] { // told again, by a node that was behind when it was signed again: nothing goes on by that
		return
	}
	o.told = append(o.told, told{m.ID, m.Place.Height, m.Place.Block})
	o.of[on]++
	if far {
		o.far++
	}
	o.high[on] = max(o.high[on], m.Place.Height)
	o.settled(i, m.ID)
}

// settled counts a payment that is final, once.
func (o *oracle) settled(i int, id chain.MessageID) {
	to, is := o.open[i][id]
	if !is {
		return
	}
	if o.done == nil {
		o.done = map[chain.MessageID]bool{}
	}
	o.paid[i][to-1]++
	o.done[id] = true
	delete(o.open[i], id)
}

// asked is how many messages were final by way of a node that doesn't run their chain.
func (o *oracle) asked() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.far
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
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for at := i; ctx.Err() == nil; at++ { // at one node after the other, the next one too when this one is gone
		c.paysAt(ctx, at%len(c.urls), i, pause.C)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
}

// lender is on which chain client i pays, by its place, and the names of who pays and is paid.
func lender(i int) (on int, name, to string) {
	names := client.DevNames()
	return i % chaosChains, names[i], names[(i+1)%chaosPayers]
}

// paysAt makes some payments at one node, until that doesn't answer as it should.
func (c *chaos) paysAt(ctx context.Context, at, i int, pause <-chan time.Time) {
	on, name, receiver := lender(i)
	of := client.New(c.url(at), client.WithTries(1), client.WithTimeout(5*time.Second), client.WithChain(strconv.Itoa(on+1)))
	defer of.Close()
	about, err := of.Info(ctx)
	if err != nil {
		return
	}
	signer := client.NewSigner(of, client.DevKey(about.Dev.Seed, name))
	to := client.DevKey(about.Dev.Seed, receiver).Public()
	for n := range 100 {
		destination := chain.ID(on + 1)
		if n%2 == 1 {
			destination = chain.ID((on+1)%chaosChains + 1)
		}
		m, err := signer.Transfer(ctx, chain.KeyAddress(destination, to), chain.NewAmount(1))
		if err != nil {
			return
		}
		c.oracle.sends(i, m.ID(), destination)
		answers, err := c.submitFinal(ctx, of, m)
		if err != nil {
			return
		}
		if got := answers[0].Message; got != nil && got.State == client.StateFinal {
			if got.Status != chain.StatusOK {
				c.Errorf("payment %s by node %d: %s %s", got.ID, at, got.Status, got.Reason)
			}
			c.oracle.add(i, on, got, at == chaosGuest && on > 0)
		}
		select {
		case <-ctx.Done():
			return
		case <-pause:
		}
	}
}

// chaosMoney is what each named account begins with.
const chaosMoney = 1_000_000

// whole requires that the history of the clients is that of the chains: each of their messages is final once or never, none is that they didn't
// send, and what they paid has come to whom they paid it, when nothing is under way any more.
func (c *chaos) whole() {
	c.Helper()
	unknown, differ := 0, ""
	if !within(resumeTime, func() bool {
		for i := range chaosPayers {
			unknown += c.settle(i)
		}
		if differ = c.differ(); differ != "" {
			<-time.After(time.Second) // something may be under way
		}
		return differ == ""
	}) {
		c.Fatal(differ)
	}
	c.Logf("%d messages are final of which their clients were told nothing", unknown)
}

// settle asks what became of the payments of which client i was told nothing, and counts those that are final.
func (c *chaos) settle(i int) (final int) {
	c.Helper()
	o := &c.oracle
	of := client.New(c.url(i % chaosNodes))
	defer of.Close()
	for id := range o.open[i] { // nobody pays any more
		m, err := of.Message(c.Context(), id)
		if err != nil && !client.HasCode(err, client.CodeUnknownMessage) {
			c.Fatal(err)
		}
		if err == nil && m.State == client.StateFinal {
			final++
			o.settled(i, id)
		}
	}
	return final
}

// differ says which account isn't what the history of the clients makes of it.
func (c *chaos) differ() string {
	c.Helper()
	paid := c.oracle.paid
	for i := range chaosPayers {
		on, name, _ := lender(i)
		for k := range chaosChains {
			nonce, balance := 0, chaosMoney+paid[(i+chaosPayers-1)%chaosPayers][k]
			if k == on {
				nonce = paid[i][0] + paid[i][1] + paid[i][2]
				balance -= nonce
			}
			of := client.New(c.url(i%chaosNodes), client.WithChain(strconv.Itoa(k+1)))
			about, err := of.Info(c.Context())
			if err != nil {
				c.Fatal(err)
			}
			a, err := of.Account(c.Context(), chain.KeyAddress(chain.ID(k+1), client.DevKey(about.Dev.Seed, name).Public()))
			if err != nil {
				c.Fatal(err)
			}
			of.Close()
			if a.Nonce != uint64(nonce) || a.Balance != chain.NewAmount(uint64(balance)) {
				return fmt.Sprintf("%s on chain %d has sent %d messages and has %s; the history of the clients makes that %d and %d", name, k+1, a.Nonce, a.Balance, nonce, balance)
			}
		}
	}
	return ""
}

// answerTime is after how long a client asks another node: its own may be apart from the others.
const answerTime = 5 * time.Second

func (c *chaos) submitFinal(ctx context.Context, of *client.Client, m *chain.Message) ([]client.Submitted, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	return of.SubmitFinal(ctx, m)
}

// overload submits on all chains as fast as all nodes take it, for a time, and waits for nothing. What is submitted was signed before.
func (c *chaos) overload(lasting time.Duration) (taken, refused int) {
	var mu sync.Mutex
	var work, signed sync.WaitGroup
	names := overloaders()
	began := make(chan struct{})
	for k := range chaosChains {
		for n, name := range names {
			of := client.New(c.url(n%chaosNodes), client.WithTries(1), client.WithTimeout(5*time.Second), client.WithChain(strconv.Itoa(k+1)))
			signed.Add(1)
			work.Go(func() {
				defer of.Close()
				list := c.loads(of, k, name, names[(n+1)%len(names)])
				signed.Done()
				<-began
				for ends := time.Now().Add(lasting); time.Now().Before(ends) && len(list) > 0; {
					yes, no := burst(c.Context(), of, list[:min(50, len(list))])
					list = list[yes:]
					mu.Lock()
					taken, refused = taken+yes, refused+no
					mu.Unlock()
				}
			})
		}
	}
	signed.Wait()
	close(began)
	work.Wait()
	return taken, refused
}

// loads are payments of an account, one after the other; none if a node doesn't answer.
func (c *chaos) loads(of *client.Client, k int, from, to string) (list []*chain.Message) {
	about, err := of.Info(c.Context())
	if err != nil {
		return nil
	}
	signer := client.NewSigner(of, client.DevKey(about.Dev.Seed, from))
	receiver := chain.KeyAddress(chain.ID(k+1), client.DevKey(about.Dev.Seed, to).Public())
	first, err := signer.Transfer(c.Context(), receiver, chain.NewAmount(1))
	for list = append(list, first); err == nil && len(list) < 1000; list = append(list, first) {
		first, err = signer.Transfer(c.Context(), receiver, chain.NewAmount(1), client.WithNonce(list[0].Nonce+uint64(len(list))))
	}
	if err != nil {
		return nil
	}
	return list
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

// burst submits some payments at once, and says how many of them, from the first on, were taken.
func burst(ctx context.Context, of *client.Client, list []*chain.Message) (taken, refused int) {
	answers, err := of.Submit(ctx, list...)
	if err != nil {
		return 0, len(list)
	}
	for taken < len(answers) && answers[taken].Error == nil {
		taken++
	}
	return taken, len(list) - taken
}
