package cli

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// scaleBench are the sizes and shape of a benchmark of more and more chains.
type scaleBench struct {
	treeBench
	Counts []int  `json:"counts"` // of chains
	Plot   string `json:"plot,omitempty"`
}

// scaleResult is what `thinkey bench scale --json` ends with: keys name quantity and unit; lists are by number of chains.
type scaleResult struct {
	Counts  []int     `json:"chains"`
	CPU     []float64 `json:"cpu_us_per_payment"` // of all chains together, the main one included
	Growth  float64   `json:"cpu_growth"`         // last over first
	Main    float64   `json:"main_cpu_us_per_digest"`
	Digests []int     `json:"digests"`
	Psi     []float64 `json:"psi"`
	Share   []float64 `json:"parallel_share"` // p: of the CPU that is not the main chain's
	Speedup []float64 `json:"speedup"`        // that p allows
	scaleBench
}

func newBenchScale() *cobra.Command {
	o := scaleBench{treeBench: treeBench{Seed: 1, InWaves: true}}
	c := &cobra.Command{
		Use:   "scale",
		Short: "Measure the same load on more and more chains under one main chain",
		Long: `Measures the same payments between the same number of accounts on 1, 2, 4, … chains under one main chain, a validator each, in one process: each chain has as
many as every other, and a share of the payments goes to another chain. What may grow is the CPU per payment: for relays, their proofs, and the digests on the main chain. That part is measured by itself
as well: the main chain's blocks are made once more, alone, from the same messages.

Payments come in waves of 4096 to each chain, and digests are carried when all chains have done a wave: a network's chains make blocks at an interval, and what
comes meanwhile waits for the next one. With blocks on demand, chains that have little to do on a machine that has much would make a block of each relay.

What this says of a network where every chain has a machine of its own follows from three figures of each run: c, the CPU per payment of all chains; m, the
part of it that is the main chain's; b = c - m, that of the chain on which the payment is.

  ψ(k)      payments per second of k chains over those of one: b(1) · min(k / b(k), 1 / m(k)). The main chain is the limit in the second case.
  p         the share b / c that more chains divide among them
  speed-up  1 / ((1 - p) + p / k): what p allows, by Amdahl's rule, with one machine for each chain

ψ can be above k: the accounts of one chain don't fit into a processor's cache as well as those of a part of them.

Each number of chains, and the main chain's blocks, run in a process of their own. Signatures are made before and don't count; CPU is user and system time of
all threads. A plot of all this is written as SVG if a file is named.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := cmd.Flags().GetBool("json")
			if err != nil {
				return err
			}
			return runScaleBench(cmd.Context(), o, benchOutput{cmd.OutOrStdout(), asJSON})
		},
	}
	f := c.Flags()
	f.IntSliceVar(&o.Counts, "chains", []int{1, 2, 4, 8, 16}, "numbers of chains under the main one, ascending")
	f.IntVar(&o.Accounts, "accounts", 64_000, "accounts at genesis, of all chains together")
	f.IntVar(&o.Messages, "messages", 16*2*wave, "payments, on all chains together")
	f.Float64Var(&o.Across, "across", 0.1, "share of the payments that go to another chain")
	o.priceFlag(f)
	f.StringVar(&o.Plot, "plot", "", "file for a plot (SVG)")
	f.StringVar(&o.Dir, "dir", "", "directory for the data (default: a temporary one, removed at the end)")
	f.StringVar(&o.Profile, "profile", "", "directory for a CPU profile of each step")
	c.AddCommand(newBenchStep(func(step string, o treeBench) (any, error) {
		return measureStep(o.Profile, "scale-"+strconv.Itoa(o.Chains)+"-"+step, func() (any, error) { return scaleSteps[step](o) })
	}))
	return c
}

// The steps, each a process of its own.
const (
	stepChains = "chains"
	stepMain   = "main"
)

var scaleSteps = map[string]func(treeBench) (map[string]any, error){stepChains: benchChains, stepMain: benchMain}

func (o scaleBench) check() error {
	if len(o.Counts) == 0 {
		return usage("--chains is empty").do("write numbers such as 1,4,16")
	}
	for i, n := range o.Counts {
		o.Chains = n
		if err := o.treeBench.check(); err != nil {
			return err
		}
		if o.Accounts/n < 2 || o.Messages < n {
			return usage("--accounts (%d) or --messages (%d)", o.Accounts, o.Messages).do("write more: two accounts and a payment for each of %d chains", n)
		}
		if i > 0 && o.Counts[i-1] >= n {
			return usage("--chains (%d behind %d)", n, o.Counts[i-1]).do("write ascending numbers such as 1,4,16")
		}
	}
	return nil
}

func runScaleBench(ctx context.Context, o scaleBench, out benchOutput) error {
	if err := o.check(); err != nil {
		return err
	}
	done, err := benchDir(&o.Dir)
	if err != nil {
		return err
	}
	defer done()
	r := scaleResult{scaleBench: o, Counts: o.Counts}
	var mains []float64 // by digest
	for _, k := range o.Counts {
		part := o.treeBench
		part.Chains, part.Accounts, part.Messages = k, o.Accounts/k, o.Messages/k
		out.say("%d under the main chain, %d payments each …\n", k, part.Messages)
		var of struct {
			CPU     float64 `json:"cpu_us_per_payment"`
			Digests int     `json:"digests"`
			Main    float64 `json:"main_cpu_us_per_digest"`
		}
		for _, step := range []string{stepChains, stepMain} {
			answer, err := runStep(ctx, "scale", step, part)
			if err == nil {
				err = json.Unmarshal(answer, &of)
			}
			if err != nil {
				return fmt.Errorf("bench step %s of %d chains: %w", step, k, err)
			}
		}
		r.CPU, r.Digests, mains = append(r.CPU, of.CPU), append(r.Digests, of.Digests), append(mains, of.Main)
		r.Main = of.Main
	}
	r.derive(mains)
	if o.Plot != "" {
		if err := os.WriteFile(o.Plot, r.plot(), 0o644); err != nil {
			return err
		}
	}
	if out.json {
		return json.NewEncoder(out).Encode(r)
	}
	out.reportScale(r)
	return nil
}

// derive computes what follows from the measurements; mains is the main chain's CPU per digest in each run.
func (r *scaleResult) derive(mains []float64) {
	last := len(r.CPU) - 1
	r.Growth = r.CPU[last] / r.CPU[0]
	first := 0.0
	for i, k := range r.Counts {
		m := mains[i] * float64(r.Digests[i]) / float64(r.Messages)
		b := r.CPU[i] - m
		if i == 0 {
			first = b / float64(k)
		}
		rate := float64(k) / b
		if m > 0 {
			rate = min(rate, 1/m)
		}
		p := b / r.CPU[i]
		r.Psi, r.Share, r.Speedup = append(r.Psi, first*rate), append(r.Share, p), append(r.Speedup, speedup(p, float64(k), 1))
	}
}

// speedup is the whitepaper's (4.2): by how much k resources of which r stand behind each chain are faster than one, if the share p
// of the work can be divided. A chain with r resources is √r times as fast as one with one.
func speedup(p, k, r float64) float64 {
	return 1 / ((1-p)/math.Sqrt(r) + p*r/(math.Sqrt(r)*k))
}

func (o benchOutput) reportScale(r scaleResult) {
	o.say("\nchains   CPU per payment   digests   ψ(k)    p        speed-up that p allows\n")
	for i, k := range r.Counts {
		o.say("%6d   %12.1f µs   %7d   %5.2f   %.4f   %.2f\n", k, r.CPU[i], r.Digests[i], r.Psi[i], r.Share[i], r.Speedup[i])
	}
	o.say("\nfrom %d to %d chains the CPU per payment grows %.2f times; a digest takes the main chain %.2f ms\n",
		r.Counts[0], r.Counts[len(r.Counts)-1], r.Growth, r.Main/1e3)
}

// benchChains plays the traffic on all chains, and keeps what the main chain's blocks had in them.
func benchChains(o treeBench) (map[string]any, error) {
	used, t, err := o.measure("chains")
	if err != nil {
		return nil, err
	}
	frames, digests, err := inputsOf(t.Node(chain.Main))
	if err == nil {
		err = errors.Join(writeFrames(o.path("main"), frames), t.close(), os.RemoveAll(o.path("chains")))
	}
	return map[string]any{"cpu_us_per_payment": used, "digests": digests}, err
}

func writeFrames(path string, frames [][]byte) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	for _, f := range frames {
		if err := writeFrame(w, f); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return errors.Join(w.Flush(), file.Close())
}

// benchMain makes the main chain's blocks once more, alone, from the same messages.
func benchMain(o treeBench) (map[string]any, error) {
	t, err := o.open(o.path("alone"), o.genesis(), chain.Main)
	if err != nil {
		return nil, err
	}
	frames, err := openFrames(o.path("main"))
	if err != nil {
		return nil, err
	}
	n, digests := t.Node(chain.Main), 0
	var used time.Duration
	for {
		count, err := frames.next(1)
		if err != nil {
			return nil, err
		}
		if len(count) == 0 {
			break
		}
		list, err := frames.next(int(binary.BigEndian.Uint32(count[0])))
		if err != nil {
			return nil, err
		}
		took, err := measured(func() error { return inOne(n, list) })
		if err != nil {
			return nil, err
		}
		used, digests = used+took, digests+len(list)
	}
	answer := map[string]any{"main_cpu_us_per_digest": microsPer(used, max(digests, 1))}
	return answer, errors.Join(frames.close(), t.close(), os.RemoveAll(o.path("alone")))
}

// inOne submits messages and waits until they are final.
func inOne(n *node.Node, list [][]byte) error {
	if err := submitAll(n, list); err != nil {
		return err
	}
	return n.AwaitRoom(context.Background(), 1)
}
