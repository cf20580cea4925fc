package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// clusterLoad are the nodes that are measured, and what is submitted to them.
type clusterLoad struct {
	*clusterBench
	out      benchOutput
	network  chain.NetworkID
	accounts []chain.Address
	nonces   []uint32 // signed so far, by account
	homes    []nodeHome
	clients  []*client.Client // by node; nil before its first start
	loads    [2][streams][]*chain.Message
	parts    [2][streams][]*chain.Message // of which the one is submitted among strangers
	singles  uint64                       // payments that were made one by one
}

const (
	// streams is in how many sequences a load is submitted: an account's messages are in one of them, in their order.
	streams = 2 * benchNodes
	// inRequest is how many messages one request has.
	inRequest = 500
)

// sign makes payments between random pairs of accounts.
func (l *clusterLoad) sign(n int) (load [streams][]*chain.Message) {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	type pair struct{ from, to, nonce uint32 }
	pairs := make([]pair, n)
	for i := range pairs {
		from := uint32(random.IntN(l.Accounts))
		pairs[i] = pair{from, uint32(random.IntN(l.Accounts)), l.nonces[from]}
		l.nonces[from]++
	}
	messages := make([]*chain.Message, n)
	pieces(n, func(i int) { messages[i] = l.payment(pairs[i].from, pairs[i].to, pairs[i].nonce) })
	for i, p := range pairs {
		load[p.from%streams] = append(load[p.from%streams], messages[i])
	}
	return load
}

func (l *clusterLoad) payment(from, to, nonce uint32) *chain.Message {
	a := l.accounts[from]
	m := &chain.Message{
		Network: l.network, Kind: chain.External, From: a, To: a, Payer: a, Nonce: uint64(nonce), ValidUntil: math.MaxUint64,
		Amount: chain.NewAmount(1), GasPrice: chain.DefaultParams().MinGasPrice, Method: chain.MethodTransfer,
		Input: chain.TransferInput{To: l.accounts[to]}.Encode(), Proof: make([]byte, 96),
	}
	m.GasLimit = exec.TransferGas(m)
	return m.Sign(benchKey(from))
}

// start starts all nodes.
func (l *clusterLoad) start(ctx context.Context, _ *clusterResult) error {
	faults := make([]error, len(l.homes))
	var work sync.WaitGroup
	for i := range l.homes {
		work.Go(func() { faults[i] = l.startOne(ctx, i) })
	}
	work.Wait()
	return errors.Join(faults...)
}

// startOne starts a node and waits until it serves.
func (l *clusterLoad) startOne(ctx context.Context, i int) error {
	if err := l.startNode(ctx, l.homes[i], l.nodeArguments(i)); err != nil {
		return err
	}
	r, _ := l.homes[i].ready()
	l.clients[i] = client.New(r.API, client.WithTimeout(time.Minute))
	return nil
}

// stopNodes ends nodes that run.
func stopNodes(homes []nodeHome) {
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	for _, h := range homes {
		if err := endNode(ctx, h, syscall.SIGTERM); err != nil {
			_ = endNode(ctx, h, syscall.SIGKILL)
		}
	}
}

// idleTime is how long nodes are watched that have nothing to do.
const idleTime = 20 * time.Second

// idle measures nodes that have nothing to do but heartbeats. What was caught up at the start is over first.
func (l *clusterLoad) idle(ctx context.Context, r *clusterResult) error {
	if err := rest(ctx, 5*time.Second); err != nil {
		return err
	}
	before, began := l.processCPU(), time.Now()
	if err := rest(ctx, idleTime); err != nil {
		return err
	}
	r.IdleCPU = 100 * (l.processCPU() - before).Seconds() / time.Since(began).Seconds() / benchNodes
	r.RSSIdle = l.largest()
	return nil
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// single makes payments one after the other, at all nodes in turn.
func (l *clusterLoad) single(ctx context.Context, r *clusterResult) error {
	took := make([]float64, 0, l.Idle)
	for i := range l.Idle {
		d, err := l.one(ctx, i%benchNodes)
		if err != nil {
			return err
		}
		took = append(took, d.Seconds()*1000)
	}
	r.IdleP50, r.IdleP99 = percentile(took, 0.5), percentile(took, 0.99)
	return nil
}

// one makes a payment at a node, and says how long it takes until that says that it is final. The account is one that no load has.
func (l *clusterLoad) one(ctx context.Context, at int) (time.Duration, error) {
	c := l.clients[at]
	m, err := client.NewSigner(c, client.DevKey("bench", client.DevNames()[0])).Transfer(ctx, l.accounts[0], chain.NewAmount(1), client.WithNonce(l.singles))
	if err != nil {
		return 0, err
	}
	l.singles++ // a node that was away may not know it yet
	began := time.Now()
	answers, err := c.SubmitFinal(ctx, m)
	if err == nil && answers[0].State != client.StateFinal {
		err = fmt.Errorf("a payment is %s", answers[0].State)
	}
	return time.Since(began), err
}

// full submits the first load to all nodes.
func (l *clusterLoad) full(ctx context.Context, r *clusterResult) error {
	generator, nodes := cpu(), l.processCPU()
	took, blocks, err := l.submitAll(ctx, l.loads[0], benchNodes)
	if err != nil {
		return err
	}
	r.Rate, r.Blocks = float64(l.Messages)/took.Seconds(), blocks
	r.GeneratorCPU, r.CPU = microsPer(cpu()-generator, l.Messages), microsPer(l.processCPU()-nodes, l.Messages)
	r.RSS = l.largest()
	if err := rest(ctx, 3*restTime); err != nil {
		return err
	}
	r.RSSRested = l.largest()
	return nil
}

// missed submits the second load while the last node is away, and starts that.
func (l *clusterLoad) missed(ctx context.Context, r *clusterResult) error {
	last := benchNodes - 1
	if err := endNode(ctx, l.homes[last], syscall.SIGTERM); err != nil { // an orderly end, for its profile
		return err
	}
	made, blocks, err := l.submitAll(ctx, l.loads[1], last)
	if err != nil {
		return err
	}
	head, err := l.clients[0].Info(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	stop, waits := make(chan struct{}), make(chan []float64, 1)
	go func() { waits <- l.meanwhile(ctx, stop) }()
	var first client.Info
	var started time.Time
	if err = l.startOne(ctx, last); err == nil {
		started = time.Now()
		first, err = l.clients[last].Info(ctx)
	}
	if err == nil {
		err = awaitNode(ctx, 10*time.Minute, func() bool {
			in, err := l.clients[last].Info(ctx)
			return err == nil && in.Height >= head.Height
		})
	}
	r.CatchUp = made.Seconds() / time.Since(began).Seconds()
	if left := float64(head.Height) - float64(first.Height); left > 0 {
		r.CatchUpRate = left / time.Since(started).Seconds() / (float64(blocks) / made.Seconds())
	}
	close(stop)
	if took := <-waits; len(took) > 0 && err == nil {
		r.CatchUpLatency = percentile(took, 0.5) / r.IdleP50
	}
	return err
}

// betweenPayments is how long a user waits before the next payment while another node catches up. Payments without a pause take a core of the two.
const betweenPayments = 100 * time.Millisecond

// meanwhile are how many milliseconds single payments take, one after the other at a node that serves another one, until it is told to stop.
func (l *clusterLoad) meanwhile(ctx context.Context, stop chan struct{}) (took []float64) {
	pause := time.NewTicker(betweenPayments)
	defer pause.Stop()
	for {
		select {
		case <-stop:
			return took
		case <-pause.C:
		}
		d, err := l.one(ctx, 0)
		if err != nil {
			return nil
		}
		took = append(took, d.Seconds()*1000)
	}
}

// sizeOf is how many messages a load has.
func sizeOf(load [streams][]*chain.Message) (n int) {
	for _, list := range load {
		n += len(list)
	}
	return n
}

// submitAll submits a load to the first n nodes, and returns how long it took until all of it was final.
func (l *clusterLoad) submitAll(ctx context.Context, load [streams][]*chain.Message, n int) (time.Duration, uint64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	head, err := l.clients[0].Info(ctx)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	faults := make(chan error, streams)
	for i := range streams {
		go func() { faults <- l.submitStream(ctx, l.clients[i%n], load[i]) }()
	}
	watched := make(chan error, 1)
	blocks := uint64(0)
	go func() {
		left := sizeOf(load)
		watched <- l.clients[0].Blocks(ctx, head.Height, func(b client.Block) error {
			if left -= b.Inputs; left <= 0 {
				blocks = b.Height - head.Height
				return errAllFinal
			}
			return nil
		})
	}()
	for range streams {
		err = errors.Join(err, <-faults)
	}
	if err != nil {
		cancel()
		<-watched
		return 0, 0, err
	}
	if err := <-watched; !errors.Is(err, errAllFinal) {
		return 0, 0, err
	}
	return time.Since(began), blocks, nil
}

var errAllFinal = errors.New("all of the load is final")

// submitStream submits messages in their order, and those that are refused for now again.
func (l *clusterLoad) submitStream(ctx context.Context, c *client.Client, list []*chain.Message) error {
	for len(list) > 0 {
		batch := list[:min(inRequest, len(list))]
		list = list[len(batch):]
		for len(batch) > 0 {
			answers, err := c.Submit(ctx, batch...)
			later, err := refused(batch, answers, err)
			if err != nil {
				return err
			}
			if batch = later; len(batch) > 0 {
				if err := rest(ctx, whileBusy); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// whileBusy is how long who submits waits when a node has enough to do: some blocks.
const whileBusy = 50 * time.Millisecond

// refused are the messages of a request that the node had no room for; it is an error if one was refused for anything else.
func refused(batch []*chain.Message, answers []client.Submitted, err error) (later []*chain.Message, _ error) {
	if client.HasCode(err, client.CodeBusy) && len(answers) == 0 {
		return batch, nil // none was taken
	}
	if err != nil && len(answers) != 1 { // the one answer has it, too
		return nil, err
	}
	for i, a := range answers {
		switch {
		case a.Error == nil:
		case a.Error.Code == client.CodeBusy || a.Error.RetryMillis > 0:
			later = append(later, batch[i])
		default:
			return nil, fmt.Errorf("a payment is refused: %w", a.Error)
		}
	}
	return later, nil
}

// restarts measures how soon a node that was killed votes again: another is killed as it starts, so that nothing is final without it.
func (l *clusterLoad) restarts(ctx context.Context, r *clusterResult) error {
	var took, served []float64
	for range l.Restarts {
		b, err := l.clients[0].Latest(ctx)
		if err != nil {
			return err
		}
		leader := int(b.Proposer) % benchNodes // each node has one seat, in their order; who leads stays there
		back, away := (leader+1)%benchNodes, (leader+2)%benchNodes
		if err := endNode(ctx, l.homes[back], syscall.SIGKILL); err != nil {
			return err
		}
		if _, err := l.one(ctx, leader); err != nil {
			return err
		}
		if err := endNode(ctx, l.homes[away], syscall.SIGKILL); err != nil {
			return err
		}
		began := time.Now()
		started := make(chan error, 1)
		serves := make(chan float64, 1)
		go func() {
			err := l.startOne(ctx, back)
			serves <- time.Since(began).Seconds() * 1000
			started <- err
		}()
		_, err = l.one(ctx, leader)
		took, served = append(took, time.Since(began).Seconds()*1000), append(served, <-serves)
		if err := errors.Join(err, <-started, l.startOne(ctx, away)); err != nil {
			return err
		}
		if _, err := l.one(ctx, away); err != nil { // it is there again
			return err
		}
	}
	r.Restart, r.Serves = percentile(took, 0.5), percentile(served, 0.5)
	return nil
}

// tick is the unit in which Linux counts the time of processes for others to see.
const tick = 10 * time.Millisecond

// processCPU is the user and system time of all nodes together.
func (l *clusterLoad) processCPU() (sum time.Duration) {
	for _, h := range l.homes {
		r, _ := h.ready()
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.PID))
		if err != nil {
			continue // it is away
		}
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // behind the name, which may hold anything
		for _, f := range fields[11:13] {
			n, _ := strconv.ParseInt(string(f), 10, 64)
			sum += time.Duration(n) * tick
		}
	}
	return sum
}

// largest is the resident memory of the largest node.
func (l *clusterLoad) largest() (most uint64) {
	for _, h := range l.homes {
		r, _ := h.ready()
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", r.PID))
		if fields := bytes.Fields(text); err == nil && len(fields) > 1 {
			n, _ := strconv.ParseUint(string(fields[1]), 10, 64)
			most = max(most, n*uint64(os.Getpagesize()))
		}
	}
	return most
}
