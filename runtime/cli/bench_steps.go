package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// The steps of a payment benchmark, each a process of its own.
const (
	stepCreate = "create" // a data directory with the genesis; not measured
	stepSteps  = "steps"
	stepStream = "stream"
	stepVerify = "verify"
)

// benchSteps are functions that measure and return part of a benchResult.
var benchSteps = map[string]func(benchOptions) (map[string]any, error){
	stepCreate: benchCreate, stepSteps: benchInSteps, stepStream: benchStream, stepVerify: benchVerify,
}

// benchCreate makes a fresh data directory, so that what follows starts as a node does: from disk.
func benchCreate(o benchOptions) (map[string]any, error) {
	if err := os.RemoveAll(o.path("data")); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(o.path("genesis"))
	if err != nil {
		return nil, err
	}
	g, err := chain.DecodeGenesis(raw)
	if err != nil {
		return nil, err
	}
	config := o.config(node.Pace{Manual: true})
	config.Genesis = g
	n, err := openTuned(config, "")
	if err != nil {
		return nil, err
	}
	return map[string]any{}, n.Close()
}

func (o benchOptions) config(pace node.Pace) node.Config {
	c := node.Defaults()
	c.Dir, c.Pace, c.Log = o.path("data"), pace, slog.New(slog.DiscardHandler)
	c.Heartbeat = time.Hour
	c.BlockTime = time.Minute
	c.Fatal = func(err error) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	return c
}

// wave is how many payments are submitted before a block is made, in steps.
const wave = 4096

// benchInSteps submits and makes blocks in turn, so that nothing overlaps and every part's CPU can be told.
func benchInSteps(o benchOptions) (map[string]any, error) {
	s := &stages{sum: map[block.Stage]time.Duration{}}
	config := o.config(node.Pace{Manual: true})
	config.Mark = s.mark
	n, err := openTuned(config, "")
	if err != nil {
		return nil, err
	}
	messages, err := openFrames(o.path("messages"))
	if err != nil {
		return nil, err
	}
	begin := cpu()
	s.last = begin
	for {
		list, err := messages.next(wave)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			break
		}
		s.mark("reading")
		for part := range slices.Chunk(list, 1024) {
			if err := submitAll(n, part); err != nil {
				return nil, err
			}
		}
		if err := n.Mine(1); err != nil {
			return nil, err
		}
	}
	for n.Waiting() > 0 { // what did not fit
		if err := n.Mine(1); err != nil {
			return nil, err
		}
	}
	total := cpu() - begin - s.sum["reading"]
	if err := errors.Join(messages.close(), n.Close()); err != nil {
		return nil, err
	}
	answer := map[string]any{"cpu_us_per_payment": microsPer(total, o.Messages)}
	for _, stage := range []block.Stage{block.StageSignature, block.StageExecution, block.StageOrder, block.StageState, block.StageStore} {
		answer["cpu_us_"+string(stage)] = microsPer(s.sum[stage], o.Messages)
	}
	return answer, nil
}

func submitAll(n *node.Node, list [][]byte) error {
	for _, a := range n.Submit(list) {
		if a.Refused != nil {
			return fmt.Errorf("message %s: %w", a.ID, a.Refused)
		}
	}
	return nil
}

// Streaming: how many payments are under way at most, how many are submitted at once, and which are timed.
const (
	window  = 8192
	bundle  = 512
	sampled = 37
)

// benchStream submits while blocks are made.
func benchStream(o benchOptions) (map[string]any, error) {
	begin := time.Now()
	n, err := openTuned(o.config(node.Pace{}), "")
	if err != nil {
		return nil, err
	}
	startup := time.Since(begin)
	var timed latencies
	beginCPU, beginTime := cpu(), time.Now()
	if err := timed.stream(n, o.path("messages")); err != nil {
		return nil, err
	}
	elapsed, used := time.Since(beginTime), cpu()-beginCPU
	bytes, err := exportBlocks(n, o.path("blocks"))
	if err != nil {
		return nil, err
	}
	if err := n.Close(); err != nil {
		return nil, err
	}
	p50, p99 := timed.percentiles()
	return map[string]any{
		"stream_cpu_us_per_payment": microsPer(used, o.Messages), "payments_per_second": float64(o.Messages) / elapsed.Seconds(),
		"latency_ms_p50": p50, "latency_ms_p99": p99, "bytes_per_payment": float64(bytes) / float64(o.Messages),
		"disk_bytes_per_payment": float64(diskBytes(o.path("data"))) / float64(o.Messages),
		"peak_rss_bytes":         peakRSS(), "startup_ms": float64(startup.Microseconds()) / 1e3,
	}, nil
}

// latencies times some messages from submission to final.
type latencies struct {
	mu    sync.Mutex // guards list and failed
	list  []time.Duration
	fault error
	open  sync.WaitGroup
}

// stream submits the messages of a file for as long as there is room, and waits until all are final.
func (l *latencies) stream(n *node.Node, path string) error {
	messages, err := openFrames(path)
	if err != nil {
		return err
	}
	for {
		list, err := messages.next(bundle)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		if err := n.AwaitRoom(context.Background(), window); err != nil {
			return err
		}
		l.submit(n, list)
	}
	return errors.Join(l.wait(), n.AwaitRoom(context.Background(), 1), messages.close())
}

func (l *latencies) submit(n *node.Node, list [][]byte) {
	begin := time.Now()
	for i, a := range n.Submit(list) {
		switch {
		case a.Refused != nil:
			l.failed(fmt.Errorf("message %s: %w", a.ID, a.Refused))
		case i%sampled == 0:
			l.open.Go(func() {
				_, err := n.Await(context.Background(), a.ID)
				l.failed(err)
				l.mu.Lock()
				l.list = append(l.list, time.Since(begin))
				l.mu.Unlock()
			})
		}
	}
}

func (l *latencies) failed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == nil {
		l.fault = err
	}
}

func (l *latencies) wait() error {
	l.open.Wait()
	return l.fault
}

func (l *latencies) percentiles() (p50, p99 float64) {
	slices.Sort(l.list)
	at := func(share float64) float64 {
		return float64(l.list[int(share*float64(len(l.list)-1))].Microseconds()) / 1e3
	}
	return at(0.5), at(0.99)
}

// exportBlocks writes all blocks to a file, and returns the length of those that hold payments.
func exportBlocks(n *node.Node, path string) (total int, err error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	for height := uint64(1); height <= n.Head().Header.Height; height++ {
		raw, err := n.RawBlock(height)
		if err != nil {
			return 0, errors.Join(err, file.Close())
		}
		if err := writeFrame(file, raw); err != nil {
			return 0, errors.Join(err, file.Close())
		}
		total += len(raw)
	}
	return total, file.Close()
}

func diskBytes(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}
