package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// relayBench are the size and shape of a benchmark of relays.
type relayBench struct {
	treeBench
	Single int `json:"single_payments"` // of which none waits for another
}

// relayResult is what `thinkey bench relay --json` ends with: keys name quantity and unit.
type relayResult struct {
	BlocksP50 float64 `json:"latency_blocks_p50"` // from final here to final there, in block intervals
	BlocksP99 float64 `json:"latency_blocks_p99"`
	P50       float64 `json:"latency_ms_p50"`
	P99       float64 `json:"latency_ms_p99"`
	Interval  float64 `json:"block_interval_ms"` // of a local payment, from submission to final
	Local     float64 `json:"cpu_us_per_local_payment"`
	Remote    float64 `json:"cpu_us_per_cross_chain_payment"`
	Ratio     float64 `json:"cpu_ratio"` // cross-chain to local
	Proof     float64 `json:"proof_bytes_per_message"`
	relayBench
}

func newBenchRelay() *cobra.Command {
	o := relayBench{treeBench: treeBench{Chains: 2, Seed: 1}}
	c := &cobra.Command{
		Use:   "relay",
		Short: "Measure payments from chain to chain: latency in blocks, CPU, bytes of proof",
		Long: `Measures payments between two chains under one main chain, a validator each, in one process: real keys, certificates and proofs, a synced store, blocks on
demand.

  single   one payment at a time goes from chain to chain: the time from final at the source to final at the destination, which takes a block of the main chain
           and one of the destination. A block interval is the time of a payment on one chain from submission to final, measured in between.
  local    batches of payments that stay on their chains: the CPU per payment
  across   batches of payments that all go to the other chain: the CPU per payment, the main chain's part included, and what proves a relay to the
           destination, in bytes

Gas has a price: what a payment across leaves of its gas goes back to who paid, as a relay of its own, and its CPU counts, too.

Each runs in a process of its own. Signatures are made before and don't count; CPU is user and system time of all threads.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := cmd.Flags().GetBool("json")
			if err != nil {
				return err
			}
			return runRelayBench(cmd.Context(), o, benchOutput{cmd.OutOrStdout(), asJSON})
		},
	}
	f := c.Flags()
	f.IntVar(&o.Accounts, "accounts", 5_000, "accounts of each chain at genesis")
	f.IntVar(&o.Messages, "messages", 30_000, "payments of each chain's accounts, in batches")
	f.IntVar(&o.Single, "single", 200, "payments to time one by one")
	o.priceFlag(f)
	f.StringVar(&o.Dir, "dir", "", "directory for the data (default: a temporary one, removed at the end)")
	f.StringVar(&o.Profile, "profile", "", "directory for a CPU profile of each step")
	c.AddCommand(newBenchStep(func(step string, o relayBench) (any, error) {
		return measureStep(o.Profile, "relay-"+step, func() (any, error) { return relaySteps[step](o) })
	}))
	return c
}

// relaySteps are functions that measure and return part of a relayResult.
var relaySteps = map[string]func(relayBench) (map[string]any, error){
	"single": benchSingle, "local": benchLocal, "across": benchAcross,
}

func runRelayBench(ctx context.Context, o relayBench, out benchOutput) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.Single < 1 || o.Single > o.Accounts {
		return usage("--single (%d)", o.Single).do("write a number from 1 to that of --accounts")
	}
	done, err := benchDir(&o.Dir)
	if err != nil {
		return err
	}
	defer done()
	out.say("a main chain and %d chains, %d payments on each …\n", o.Chains, o.Messages)
	result := relayResult{relayBench: o}
	for _, step := range []string{"single", "local", "across"} {
		answer, err := runStep(ctx, "relay", step, o)
		if err == nil {
			err = json.Unmarshal(answer, &result)
		}
		if err != nil {
			return fmt.Errorf("bench step %s: %w", step, err)
		}
	}
	result.Ratio = result.Remote / result.Local
	if out.json {
		return json.NewEncoder(out).Encode(result)
	}
	out.say("\nfrom final at the source to final at the destination: p50 %.1f ms, p99 %.1f ms; that is %.1f and %.1f block intervals of %.1f ms\n",
		result.P50, result.P99, result.BlocksP50, result.BlocksP99, result.Interval)
	out.say("CPU per payment: %.1f µs on one chain, %.1f µs across, %.2f times as much\n", result.Local, result.Remote, result.Ratio)
	out.say("%.0f bytes of proof per relay\n", result.Proof)
	return nil
}

// benchSingle times payments of which none waits for another.
func benchSingle(o relayBench) (map[string]any, error) {
	g := o.genesis()
	t, err := o.open(o.path("single"), g)
	if err != nil {
		return nil, err
	}
	from, to := t.Node(business(0)), t.Node(business(1))
	var crossing, interval []time.Duration
	for i := range o.Single {
		p := paying{from: uint32(i), to: uint32(i), chain: from.Chain(), other: from.Chain()}
		begin := time.Now()
		if err := final(from, p.sign(g.Network(), o.GasPrice)); err != nil {
			return nil, err
		}
		interval = append(interval, time.Since(begin))
		p.other, p.nonce = to.Chain(), 1
		m := p.sign(g.Network(), o.GasPrice)
		if err := final(from, m); err != nil {
			return nil, err
		}
		begin = time.Now()
		if err := finalThere(to, m); err != nil {
			return nil, err
		}
		crossing = append(crossing, time.Since(begin))
	}
	slices.Sort(interval)
	each := float64(interval[len(interval)/2].Microseconds()) / 1e3
	p50, p99 := (&latencies{list: crossing}).percentiles()
	return map[string]any{
		"latency_ms_p50": p50, "latency_ms_p99": p99, "block_interval_ms": each, "latency_blocks_p50": p50 / each, "latency_blocks_p99": p99 / each,
	}, t.close()
}

// final submits a message and waits until it is final.
func final(n *node.Node, m *chain.Message) error {
	if err := submitAll(n, [][]byte{m.Encode()}); err != nil {
		return err
	}
	_, err := n.Await(context.Background(), m.ID())
	return err
}

// finalThere waits until what the payment sent is final at the destination.
func finalThere(n *node.Node, m *chain.Message) error {
	id, err := relayOf(m)
	if err != nil {
		return err
	}
	return awaitBlock(n, func() bool {
		is, err := n.Message(id)
		return err == nil && is.Final != nil
	})
}

func benchLocal(o relayBench) (map[string]any, error) {
	o.Across = 0
	used, t, err := o.measure("local")
	if err != nil {
		return nil, err
	}
	return map[string]any{"cpu_us_per_local_payment": used}, t.close()
}

func benchAcross(o relayBench) (map[string]any, error) {
	o.Across = 1
	used, t, err := o.measure("across")
	if err != nil {
		return nil, err
	}
	relays, proof := 0, 0
	for i := range o.Chains {
		r, p, err := arrivals(t.Node(business(i)))
		if err != nil {
			return nil, err
		}
		relays, proof = relays+r, proof+p
	}
	return map[string]any{"cpu_us_per_cross_chain_payment": used, "proof_bytes_per_message": float64(proof) / float64(relays)}, t.close()
}

// measure plays the traffic, and returns the CPU per payment in µs.
func (o treeBench) measure(dir string) (float64, *benchTree, error) {
	g := o.genesis()
	traffic := o.traffic(g.Network())
	t, err := o.open(o.path(dir), g)
	if err != nil {
		return 0, nil, err
	}
	between := t.carry
	if !o.InWaves {
		between = func() error { return nil }
	}
	used, err := measured(func() error { return t.play(traffic, between) })
	return microsPer(used, o.Chains*o.Messages), t, err
}
