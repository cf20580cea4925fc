package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// auctionBench are the size and shape of a benchmark of the auction of the samples: an auctioneer on each chain, or all of them on one.
type auctionBench struct {
	treeBench
	Auctioneers int    `json:"auctioneers"`
	Bids        int    `json:"bids"`
	Contracts   string `json:"contracts"` // folder of the modules
}

// auctionResult is what `thinkey bench auction --json` ends with: keys name quantity and unit.
type auctionResult struct {
	One    float64 `json:"cpu_us_per_bid_one_chain"`
	Many   float64 `json:"cpu_us_per_bid_many_chains"`
	Growth float64 `json:"cpu_growth"` // many over one
	// Speedup is how many bids a second the chains take, each on a machine of its own, against all auctioneers on one chain.
	Speedup float64 `json:"speedup"`
	Gas     float64 `json:"gas_per_bid"` // with all that it leads to
	auctionBench
}

// mostAuctioneers may sell one kitten.
const mostAuctioneers = 8

func newBenchAuction() *cobra.Command {
	o := auctionBench{treeBench: treeBench{Accounts: 2000, Seed: 1, InWaves: true}}
	c := &cobra.Command{
		Use:   "auction",
		Short: "Measure the auction of the samples: many auctioneers on one chain, and one on each of many",
		Long: `Measures the sale of a hot kitten by several auctioneers at once, with the contracts of examples/auction: first with all auctioneers on one chain, then with one on
each of as many chains under a main one. Bidders are everywhere; a share of the bids goes to an auctioneer on another chain. Collector and recorder are on the first
chain. When all bids are in, the seller lets the hammer fall: the best bid over all auctioneers must win, the seller have its price, the collector have been told
once, and every other bid be back with its bidder, or the measurement fails.

Both run in processes of their own, a validator for each chain. Signatures are made before and don't count, nor does setting the auction up; CPU is user and system
time of all threads, from the first bid to the end of the sale. The speed-up is what the chains would come to with a machine for each.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := cmd.Flags().GetBool("json")
			if err != nil {
				return err
			}
			return runAuctionBench(cmd.Context(), o, benchOutput{cmd.OutOrStdout(), asJSON})
		},
	}
	f := c.Flags()
	f.IntVar(&o.Auctioneers, "chains", 4, "auctioneers, and chains in the second run: 2 to 8")
	f.IntVar(&o.Bids, "bids", 20_000, "bids to make")
	f.Float64Var(&o.Across, "across", 0.1, "share of the bids that go to another chain")
	o.priceFlag(f)
	f.StringVar(&o.Contracts, "contracts", "examples/auction/rust", "folder of the contracts, with NAME/NAME.wasm for each")
	f.StringVar(&o.Dir, "dir", "", "directory for the data (default: a temporary one, removed at the end)")
	f.StringVar(&o.Profile, "profile", "", "directory for a CPU profile of each step")
	c.AddCommand(newBenchStep(func(step string, o auctionBench) (any, error) {
		return measureStep(o.Profile, "auction-"+step, func() (any, error) { return benchSale(step, o) })
	}))
	return c
}

// The steps, each a process of its own.
const (
	stepOne  = "one"
	stepMany = "many"
)

func runAuctionBench(ctx context.Context, o auctionBench, out benchOutput) error {
	if o.Auctioneers < 2 || o.Auctioneers > mostAuctioneers {
		return usage("--chains (%d)", o.Auctioneers).do("write a number from 2 to %d: so many may sell one kitten", mostAuctioneers)
	}
	o.Chains, o.Messages = o.Auctioneers, o.Bids
	if err := o.check(); err != nil {
		return err
	}
	if _, err := o.modules(); err != nil {
		return usage("--contracts (%q): %v", o.Contracts, err).do("name the folder examples/auction/rust of the sources")
	}
	done, err := benchDir(&o.Dir)
	if err != nil {
		return err
	}
	defer done()
	out.say("%d bids at %d auctioneers, on one chain and on %d …\n", o.Bids, o.Auctioneers, o.Auctioneers)
	r := auctionResult{auctionBench: o}
	for _, step := range []string{stepOne, stepMany} {
		answer, err := runStep(ctx, "auction", step, o)
		if err == nil {
			err = json.Unmarshal(answer, &r)
		}
		if err != nil {
			return fmt.Errorf("bench step %s: %w", step, err)
		}
	}
	r.Growth = r.Many / r.One
	r.Speedup = float64(o.Auctioneers) / r.Growth
	if out.json {
		return json.NewEncoder(out).Encode(r)
	}
	out.say("\nCPU per bid: %.1f µs with all auctioneers on one chain, %.1f µs with each on its own, %.2f times as much\n", r.One, r.Many, r.Growth)
	out.say("with a machine for each chain, %d chains take %.2f times the bids of one\n", o.Auctioneers, r.Speedup)
	out.say("%.0f gas per bid, with what it leads to\n", r.Gas)
	return nil
}

// benchSale measures a sale.
func benchSale(step string, o auctionBench) (map[string]any, error) {
	key := "cpu_us_per_bid_many_chains"
	if o.Chains = o.Auctioneers; step == stepOne {
		o.Chains, key = 1, "cpu_us_per_bid_one_chain"
	}
	s, err := o.openSale(step)
	if err != nil {
		return nil, err
	}
	bids := s.bids()
	used, err := measured(func() error {
		if err := s.play(bids, s.carry); err != nil {
			return err
		}
		return s.hammer()
	})
	if err != nil {
		return nil, err
	}
	gas, err := s.gasUsed()
	if err == nil {
		err = s.judge()
	}
	return map[string]any{key: microsPer(used, o.Bids), "gas_per_bid": float64(gas) / float64(o.Bids)}, errors.Join(err, s.close())
}
