package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
)

// benchOptions are the size and shape of a payment benchmark.
type benchOptions struct {
	Accounts int     `json:"accounts"`
	Messages int     `json:"messages"`
	Hot      float64 `json:"hot"` // share of the payments that go to one account
	GasPrice uint64  `json:"gas_price"`
	Seed     int64   `json:"seed"`
	Dir      string  `json:"dir"`
	// Profile, if set, is where the CPU profiles of the steps go.
	Profile string `json:"profile,omitempty"`
}

func (o benchOptions) path(name string) string { return filepath.Join(o.Dir, name) }

// benchResult is what `thinkey bench payment --json` ends with: keys name quantity and unit.
type benchResult struct {
	CPU       float64 `json:"cpu_us_per_payment"`
	Verify    float64 `json:"verify_cpu_us_per_payment"`
	Signature float64 `json:"cpu_us_signature"`
	Execution float64 `json:"cpu_us_execution"`
	Order     float64 `json:"cpu_us_order"`
	State     float64 `json:"cpu_us_state"`
	Store     float64 `json:"cpu_us_store"`
	Rate      float64 `json:"payments_per_second"`
	P50       float64 `json:"latency_ms_p50"`
	P99       float64 `json:"latency_ms_p99"`
	Bytes     float64 `json:"bytes_per_payment"`
	PeakRSS   uint64  `json:"peak_rss_bytes"`
	Startup   float64 `json:"startup_ms"`

	Stream       float64 `json:"stream_cpu_us_per_payment"`
	VerifyCommit float64 `json:"verify_commit_cpu_us_per_payment"`
	DiskBytes    float64 `json:"disk_bytes_per_payment"`
	benchOptions
}

func newBenchPayment() *cobra.Command {
	o := benchOptions{}
	c := &cobra.Command{
		Use:   "payment",
		Short: "Measure payments: CPU by part, throughput, latency, bytes, memory",
		Long: `Measures payments between random pairs of accounts, from signed bytes to durable, verified blocks.

Accounts and signed messages are made first and don't count. Each step then runs in a process of its own, so that its
memory and its CPU are its own:

  steps    messages are submitted and blocks made in turn: the CPU per payment, and the CPU of each part
  stream   messages are submitted while blocks are made: payments per second, latency to final, memory
  verify   another process, with nothing but the genesis, verifies and commits every block

Messages enter through the function that the HTTP API uses; no signature has been looked at before; every commit is synced.
CPU is user and system time of all threads, compaction and garbage collection included.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := cmd.Flags().GetBool("json")
			if err != nil {
				return err
			}
			return runBench(cmd.Context(), o, benchOutput{cmd.OutOrStdout(), asJSON})
		},
	}
	f := c.Flags()
	f.IntVar(&o.Accounts, "accounts", 100_000, "accounts at genesis")
	f.IntVar(&o.Messages, "messages", 200_000, "payments to make")
	f.Float64Var(&o.Hot, "hot", 0, "share of the payments that go to one account, 0 to 1")
	f.Uint64Var(&o.GasPrice, "gas-price", 1, "price of a unit of gas")
	f.Int64Var(&o.Seed, "seed", 1, "seed of the random pairs")
	f.StringVar(&o.Dir, "dir", "", "directory for the data (default: a temporary one, removed at the end)")
	f.StringVar(&o.Profile, "profile", "", "directory for a CPU profile of each step")
	c.AddCommand(newBenchStep(func(step string, o benchOptions) (any, error) {
		measure := benchSteps[step]
		if measure == nil {
			return nil, usage("no step %q", step)
		}
		return measureStep(o.Profile, step, func() (any, error) { return measure(o) })
	}))
	return c
}

func (o benchOptions) check() error {
	switch {
	case o.Accounts < 2 || o.Accounts > 10_000_000:
		return usage("--accounts (%d)", o.Accounts).do("write a number from 2 to 10000000")
	case o.Messages < 1 || o.Messages > 50_000_000:
		return usage("--messages (%d)", o.Messages).do("write a number from 1 to 50000000")
	case o.Hot < 0 || o.Hot > 1:
		return usage("--hot (%g)", o.Hot).do("write a share from 0 to 1")
	}
	return nil
}

func runBench(ctx context.Context, o benchOptions, out benchOutput) error {
	if err := o.check(); err != nil {
		return err
	}
	done, err := benchDir(&o.Dir)
	if err != nil {
		return err
	}
	defer done()
	out.say("%d payments between %d accounts, %g of them to one account; making keys, signing …\n", o.Messages, o.Accounts, o.Hot)
	if err := prepareBench(o, &devNetwork{}); err != nil {
		return err
	}
	result := benchResult{benchOptions: o}
	for _, step := range []string{stepCreate, stepSteps, stepCreate, stepStream, stepCreate, stepVerify} {
		answer, err := runStep(ctx, "payment", step, o)
		if err == nil {
			err = json.Unmarshal(answer, &result)
		}
		if err != nil {
			return fmt.Errorf("bench step %s: %w", step, err)
		}
	}
	if out.json {
		line, err := json.Marshal(result)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", line)
		return err
	}
	out.report(result)
	return nil
}

func (o benchOutput) report(r benchResult) {
	o.say("\nCPU per payment (user and system time of all threads)\n")
	o.say("  production          %7.1f µs   admission to commit, one step after the other\n", r.CPU)
	parts := []struct {
		name string
		us   float64
	}{{"signature", r.Signature}, {"execution", r.Execution}, {"order", r.Order}, {"state", r.State}, {"store", r.Store}}
	sum := 0.0
	for _, p := range parts {
		o.say("    %-17s %7.1f µs\n", p.name, p.us)
		sum += p.us
	}
	o.say("    %-17s %7.1f µs   %+.0f %% of production\n", "sum of the parts", sum, 100*(sum-r.CPU)/r.CPU)
	o.say("  production, stream  %7.1f µs   submitting and making blocks at the same time, smaller blocks\n", r.Stream)
	o.say("  verification        %7.1f µs   by another process; its commit takes %.1f µs more\n", r.Verify, r.VerifyCommit)
	o.say("\n%.0f payments/s; latency to final p50 %.1f ms, p99 %.1f ms\n", r.Rate, r.P50, r.P99)
	o.say("%.0f bytes of block per payment, %.0f on disk; peak memory %.0f MB; start-up %.0f ms\n", r.Bytes, r.DiskBytes, float64(r.PeakRSS)/1e6, r.Startup)
}
