package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// wasmOptions are the size of a benchmark of contracts.
type wasmOptions struct {
	Holders    int    `json:"holders"`
	Transfers  int    `json:"transfers"`
	Calls      int    `json:"calls"`
	Rounds     int    `json:"rounds"`
	WorkMillis int    `json:"work_ms"`
	Repository string `json:"repository"`
	Dir        string `json:"dir"`
	Profile    string `json:"profile,omitempty"`
}

func (o wasmOptions) path(name string) string { return filepath.Join(o.Dir, name) }

// figure is a number that the benchmark finds, by its key in JSON. One without a target is there to explain the others.
type figure struct {
	key, unit string
	target    float64 // the most that it should be; 0 for none
	what      string
}

// wasmFigures are all of them, as they are printed.
var wasmFigures = []figure{
	{"rust_token_call_cpu_us", "µs", 10, "a call of the token in Rust (pay)"},
	{"go_auction_call_cpu_us", "µs", 60, "a call of the auctioneer in Go (bid)"},
	{"signed_token_transfer_cpu_us", "µs", 70, "a signed transfer of the token, final"},
	{"transfer_cpu_us_signature", "µs", 0, "  signature"},
	{"transfer_cpu_us_execution", "µs", 0, "  execution"},
	{"transfer_cpu_us_order", "µs", 0, "  order"},
	{"transfer_cpu_us_state", "µs", 0, "  state"},
	{"transfer_cpu_us_store", "µs", 0, "  store"},
	{"metering_ratio_rust", "×", 1.4, "counting gas and stack, Rust"},
	{"metering_ratio_go", "×", 1.4, "counting gas and stack, Go"},
	{"marking_ratio_rust", "×", 0, "noting stores beside that, Rust"},
	{"marking_ratio_go", "×", 0, "noting stores beside that, Go"},
	{"instrument_ns_per_byte", "ns", 60, "instrumenting a large Go module, per byte"},
	{"publish_ms_100kb", "ms", 150, "publishing 100 KB: validated, compiled"},
	{"cached_load_ms", "ms", 5, "loading that from the disk's cache"},
	{"go_auction_bytes", "B", 0, "the auctioneer in Go"},
	{"go_auction_pages", "pages", 0, "  its memory"},
}

// wasmHelp is the long help of the command.
const wasmHelp = `Measures contracts: calls of the engine, whole transfers through a node, and what metering and publishing cost.

  call of the token     the message pay at an account of examples/token in Rust: instance, handling, effects, restoring
  call of the auction   the same for a bid at the auctioneer of examples/auction, in Go
  signed transfer       a message signed by a client, which calls pay at the sender's account of the token, which sends
                        receive to the receiver's: three handlings, two of them code. The node verifies signatures, makes
                        blocks, and commits each to disk, synced. Accounts are deployed through it first, which doesn't count
  metering              the time of real code (hashing, sorting, building texts, reading JSON; sdk/rust/sampler in Rust,
                        contracts/wasm/testdata/work in Go) that counts its gas, to that of the same code that doesn't;
                        the geometric mean over the four. Noting stores is what large memories do beside that, to make
                        an instance as new: its time to that of code that only counts
  instrumenting         decoding, validating, instrumenting and encoding a Go module of 1.7 MB
  publishing            validating, instrumenting and compiling a module of 100 KB; and loading it in a new engine, from disk

Each step runs in a process of its own. A time is CPU time, user and system of all threads, garbage collection included. A
call, a ratio, or a load is the median of several rounds; the transfer is the mean over all, as collections and compactions are
too rare for rounds. CPU times grow by 1.3 to 2 when others use the machine.

The sources are those of the repository that the working directory is in, or the one that the program is in. Contracts in Go are
built first, with the go command; without it what needs them is left out.

To compare, on a machine like the one that the targets are for (2 cores): wasmvm takes 167 µs for a cw20 transfer alone, wasmd
1,015 µs for a signed one, go-ethereum 154 µs for a signed ERC-20 transfer.`

func newBenchWasm() *cobra.Command {
	o := wasmOptions{}
	c := &cobra.Command{
		Use: "wasm", Short: "Measure contracts: calls, signed transfers, metering, publishing", Long: wasmHelp, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := cmd.Flags().GetBool("json")
			if err != nil {
				return err
			}
			return runWasmBench(cmd.Context(), o, wasmOutput{benchOutput{cmd.OutOrStdout(), asJSON}, cmd.ErrOrStderr(), runWasmStep})
		},
	}
	f := c.Flags()
	f.IntVar(&o.Holders, "holders", 1000, "holders of tokens, each with two accounts of tokens")
	f.IntVar(&o.Transfers, "transfers", 40_000, "signed transfers to make")
	f.IntVar(&o.Calls, "calls", 4000, "calls of a contract in a round")
	f.IntVar(&o.Rounds, "rounds", 9, "rounds of what is measured in rounds")
	f.IntVar(&o.WorkMillis, "work", 10, "least milliseconds that a piece of work takes")
	f.StringVar(&o.Repository, "repository", "", "directory of the sources (default: found from the working directory)")
	f.StringVar(&o.Dir, "dir", "", "directory for the data (default: a temporary one, removed at the end)")
	f.StringVar(&o.Profile, "profile", "", "directory for a CPU profile of each step")
	c.AddCommand(newBenchStep(func(step string, o wasmOptions) (any, error) { return o.stepHere(step) }))
	return c
}

// wasmOutput is where results go, what is left out is said, and how a step is run.
type wasmOutput struct {
	benchOutput
	warn io.Writer
	step func(context.Context, wasmOptions, string) ([]byte, error)
}

func (o wasmOptions) check() error {
	for _, n := range []struct {
		flag        string
		value, most int
		least       int
	}{
		{"holders", o.Holders, 100_000, 2}, {"transfers", o.Transfers, 10_000_000, 1}, {"calls", o.Calls, 10_000_000, 1},
		{"rounds", o.Rounds, 1000, 1}, {"work", o.WorkMillis, 100, 1},
	} {
		if n.value < n.least || n.value > n.most {
			return usage("--%s (%d)", n.flag, n.value).do("write a number from %d to %d", n.least, n.most)
		}
	}
	return nil
}

func runWasmBench(ctx context.Context, o wasmOptions, out wasmOutput) error {
	if err := o.check(); err != nil {
		return err
	}
	done, err := benchDir(&o.Dir)
	if err != nil {
		return err
	}
	defer done()
	out.say("building contracts …\n")
	result, skipped, err := o.gather(ctx)
	if err != nil {
		return err
	}
	for _, why := range skipped {
		if _, err := fmt.Fprintln(out.warn, "left out:", why); err != nil {
			return err
		}
	}
	for _, step := range wasmSteps {
		answer, err := out.step(ctx, o, step.name)
		if err == nil {
			err = json.Unmarshal(answer, &result)
		}
		if err != nil {
			return fmt.Errorf("bench step %s: %w", step.name, err)
		}
	}
	if out.json {
		return json.NewEncoder(out).Encode(jsonResult(o, result, skipped))
	}
	out.table(result)
	return nil
}

// jsonResult is what --json prints: the figures, and what they were found with.
func jsonResult(o wasmOptions, result map[string]float64, skipped []string) map[string]any {
	all := map[string]any{"holders": o.Holders, "transfers": o.Transfers, "calls": o.Calls, "rounds": o.Rounds}
	for key, v := range result {
		all[key] = v
	}
	if len(skipped) > 0 {
		all["left_out"] = skipped
	}
	return all
}

func (o wasmOutput) table(result map[string]float64) {
	o.say("\n%-44s %12s   target\n", "", "measured")
	for _, f := range wasmFigures {
		v, ok := result[f.key]
		if !ok {
			continue
		}
		digits := 2
		if v >= 10 {
			digits = 1
		}
		if v == math.Trunc(v) {
			digits = 0
		}
		target := ""
		if f.target > 0 {
			target = fmt.Sprintf("≤ %g", f.target)
			if v > f.target {
				target += "   missed"
			}
		}
		o.say("%s\n", strings.TrimRight(fmt.Sprintf("%-44s %8.*f %-5s %s", f.what, digits, v, f.unit, target), " "))
	}
	o.say("\nmetering by work:")
	for _, key := range slices.Sorted(maps.Keys(result)) {
		if work, ok := strings.CutPrefix(key, workRatio); ok {
			o.say("  %s %.2f", strings.ReplaceAll(work, "_", " "), result[key])
		}
	}
	o.say("\n")
}

// wasmStep measures and returns some figures.
type wasmStep struct {
	name string
	run  func(wasmOptions) (map[string]float64, error)
}

var wasmSteps = []wasmStep{
	{"token", benchToken}, {"auction", benchAuction}, {"transfer", benchTransfer}, {"metering", benchMetering}, {"publish", benchPublish},
}

// runWasmStep runs a step in a process of its own.
func runWasmStep(ctx context.Context, o wasmOptions, step string) ([]byte, error) {
	return runStep(ctx, "wasm", step, o)
}

// stepHere runs a step in this process.
func (o wasmOptions) stepHere(name string) (any, error) {
	at := slices.IndexFunc(wasmSteps, func(s wasmStep) bool { return s.name == name })
	if at < 0 {
		return nil, usage("no step %q", name)
	}
	return measureStep(o.Profile, name, func() (any, error) { return wasmSteps[at].run(o) })
}
