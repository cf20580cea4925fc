package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// consensusBench are the size and shape of a benchmark of a committee.
type consensusBench struct {
	Validators int `json:"validators"`
	Idle       int `json:"idle_payments"` // payments of which none waits for another
	benchOptions
}

// consensusResult is what `thinkey bench consensus --json` ends with: keys name quantity and unit.
type consensusResult struct {
	Rate       float64 `json:"payments_per_second"`
	CPU        float64 `json:"cpu_us_per_payment"` // of all validators together
	P50        float64 `json:"latency_ms_p50"`     // under that load
	P99        float64 `json:"latency_ms_p99"`
	IdleP50    float64 `json:"idle_latency_ms_p50"`
	IdleP99    float64 `json:"idle_latency_ms_p99"`
	Blocks     uint64  `json:"blocks"`
	Rounds     uint64  `json:"failed_rounds"`
	Early      float64 `json:"early_share"` // of the blocks
	PeakRSS    uint64  `json:"peak_rss_bytes"`
	Verify     float64 `json:"certificate_verify_us"` // of as many seats as there are validators
	Verify128  float64 `json:"certificate_verify_us_128"`
	Verify512  float64 `json:"certificate_verify_us_512"`
	Collect    float64 `json:"collect_64_votes_ms"`
	Collect512 float64 `json:"collect_512_votes_ms"`
	consensusBench
}

func newBenchConsensus() *cobra.Command {
	o := consensusBench{benchOptions: benchOptions{Seed: 1, GasPrice: 1}}
	c := &cobra.Command{
		Use:   "consensus",
		Short: "Measure a committee: payments per second, CPU, latency, certificates",
		Long: `Measures a committee of validators in one process: real keys, a synced store on disk for each, messages between them as encoded bytes.

Accounts and signed messages are made first and don't count. Payments are submitted to one validator, which forwards them; one is final when that validator
has the certificate and the block is durable there. CPU is user and system time of the whole process, all validators together, until all of them have
committed the last payment. Idle latency is that of single payments on a chain on which nothing else happens.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := cmd.Flags().GetBool("json")
			if err != nil {
				return err
			}
			return runConsensusBench(cmd.Context(), o, benchOutput{cmd.OutOrStdout(), asJSON})
		},
	}
	f := c.Flags()
	f.IntVar(&o.Validators, "validators", 4, "validators, 1 to 64")
	f.IntVar(&o.Accounts, "accounts", 20_000, "accounts at genesis")
	f.IntVar(&o.Messages, "messages", 100_000, "payments to make")
	f.IntVar(&o.Idle, "idle", 200, "single payments to time")
	f.StringVar(&o.Dir, "dir", "", "directory for the data (default: a temporary one, removed at the end)")
	f.StringVar(&o.Profile, "profile", "", "directory for a CPU profile of each step")
	c.AddCommand(newBenchStep(func(step string, o consensusBench) (any, error) {
		return measureStep(o.Profile, "consensus-"+step, func() (any, error) { return consensusSteps[step](o) })
	}))
	return c
}

// The steps, each a process of its own.
const (
	stepLoad = "load"
	stepIdle = "idle"
)

var consensusSteps = map[string]func(consensusBench) (map[string]any, error){stepLoad: benchLoad, stepIdle: benchIdle}

func runConsensusBench(ctx context.Context, o consensusBench, out benchOutput) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.Validators < 1 || o.Validators > maxValidators {
		return usage("--validators (%d)", o.Validators).do("write a number from 1 to %d", maxValidators)
	}
	if o.Idle < 1 {
		return usage("--idle (%d)", o.Idle).do("write a number from 1")
	}
	done, err := benchDir(&o.Dir)
	if err != nil {
		return err
	}
	defer done()
	result := consensusResult{consensusBench: o}
	benchCertificates(&result)
	out.say("%d validators, %d payments between %d accounts; making keys, signing …\n", o.Validators, o.Messages, o.Accounts)
	network := &devNetwork{Seed: benchSeed, Validators: o.Validators}
	if err := prepareBench(o.benchOptions, network); err != nil {
		return err
	}
	for _, step := range []string{stepLoad, stepIdle} {
		answer, err := runStep(ctx, "consensus", step, o)
		if err == nil {
			err = json.Unmarshal(answer, &result)
		}
		if err != nil {
			return fmt.Errorf("bench step %s: %w", step, err)
		}
	}
	if out.json {
		return json.NewEncoder(out).Encode(result)
	}
	out.reportConsensus(result)
	return nil
}

// benchSeed is that of the validators' keys.
const benchSeed = "bench"

// open starts the validators of a new network.
func (o consensusBench) open() (*devNodes, error) {
	raw, err := os.ReadFile(o.path("genesis"))
	if err != nil {
		return nil, err
	}
	g, err := chain.DecodeGenesis(raw)
	if err != nil {
		return nil, err
	}
	nodes := &devNodes{wires: []*node.Switch{node.NewSwitch()}}
	for i := range o.Validators {
		c := o.config(node.Pace{})
		c.Dir, c.Genesis, c.BlockTime = o.path("validator-"+strconv.Itoa(i)), g, consensusBlockTime
		if err := os.RemoveAll(c.Dir); err != nil {
			return nil, err
		}
		public, secret := validatorKeys(benchSeed, i)
		c.Member = &node.Member{Node: public, Secret: secret, Net: nodes.wires[0].Port(public), Founding: true, Patience: 10 * time.Second}
		n, err := openTuned(c, "")
		if err != nil {
			return nil, errors.Join(err, nodes.close())
		}
		nodes.list = append(nodes.list, n)
	}
	tuneMemory(nodes.list...)
	return nodes, nil
}

// consensusBlockTime bounds the handlings of one block: the others wait for it.
const consensusBlockTime = 200 * time.Millisecond

// benchLoad submits while blocks are made.
func benchLoad(o consensusBench) (map[string]any, error) {
	nodes, err := o.open()
	if err != nil {
		return nil, err
	}
	first := nodes.list[0]
	var timed latencies
	beginCPU, beginTime := cpu(), time.Now()
	if err := timed.stream(first, o.path("messages")); err != nil {
		return nil, err
	}
	elapsed := time.Since(beginTime)
	height := first.Head().Header.Height
	for _, n := range nodes.list[1:] {
		if err := n.AwaitAbove(context.Background(), height-1); err != nil {
			return nil, err
		}
	}
	used := cpu() - beginCPU
	p50, p99 := timed.percentiles()
	answer := map[string]any{
		"payments_per_second": float64(o.Messages) / elapsed.Seconds(), "cpu_us_per_payment": microsPer(used, o.Messages),
		"latency_ms_p50": p50, "latency_ms_p99": p99, "blocks": height, "peak_rss_bytes": peakRSS(),
	}
	if err := countCertificates(first, height, answer); err != nil {
		return nil, err
	}
	return answer, nodes.close()
}

// countCertificates says how the blocks became final.
func countCertificates(n *node.Node, height uint64, answer map[string]any) error {
	early, rounds := 0, uint64(0)
	for h := uint64(1); h <= height; h++ {
		cert, err := n.Certificate(h)
		if err != nil {
			return err
		}
		rounds += uint64(cert.Round)
		if cert.Step == chain.Preparation {
			early++
		}
	}
	answer["failed_rounds"], answer["early_share"] = rounds, float64(early)/float64(max(height, 1))
	return nil
}

// benchIdle times single payments: the next is submitted when the one before is final.
func benchIdle(o consensusBench) (map[string]any, error) {
	nodes, err := o.open()
	if err != nil {
		return nil, err
	}
	messages, err := openFrames(o.path("messages"))
	if err != nil {
		return nil, err
	}
	list, err := messages.next(o.Idle)
	if err != nil {
		return nil, err
	}
	var times []time.Duration
	for _, raw := range list {
		begin := time.Now()
		a := nodes.list[0].Submit([][]byte{raw})[0]
		if a.Refused != nil {
			return nil, a.Refused
		}
		if _, err := nodes.list[0].Await(context.Background(), a.ID); err != nil {
			return nil, err
		}
		times = append(times, time.Since(begin))
		if err := nodes.level(); err != nil { // the last one's work is not the next one's
			return nil, err
		}
	}
	slices.Sort(times)
	l := latencies{list: times}
	p50, p99 := l.percentiles()
	return map[string]any{"idle_latency_ms_p50": p50, "idle_latency_ms_p99": p99}, nodes.close()
}

// level waits until all validators have the head of the first.
func (n *devNodes) level() error {
	height := n.list[0].Head().Header.Height
	for _, one := range n.list[1:] {
		if err := one.AwaitAbove(context.Background(), height-1); err != nil {
			return err
		}
	}
	return nil
}

func (o benchOutput) reportConsensus(r consensusResult) {
	o.say("\n%.0f payments/s with %d validators in this process; %.0f µs of CPU per payment for all of them together\n", r.Rate, r.Validators, r.CPU)
	o.say("latency to final under that load p50 %.1f ms, p99 %.1f ms; idle p50 %.1f ms, p99 %.1f ms\n", r.P50, r.P99, r.IdleP50, r.IdleP99)
	o.say("%d blocks, %.0f %% of them early; %d rounds failed; peak memory %.0f MB\n", r.Blocks, 100*r.Early, r.Rounds, float64(r.PeakRSS)/1e6)
	o.say("one certificate is verified in %.0f µs, of 128 seats in %.0f µs, of 512 in %.0f µs\n", r.Verify, r.Verify128, r.Verify512)
	o.say("64 votes are collected in %.1f ms, 512 in %.1f ms\n", r.Collect, r.Collect512)
}
