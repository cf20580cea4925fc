package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/sim"
)

// simFlags are what a run of the simulator can be told beside its seed.
type simFlags struct {
	seed     uint64
	seeds    int
	cpu      time.Duration
	tier     string
	without  []string
	keep     string
	messages int
	nodes    int
	chains   int
	out      string
}

func (a *app) newSim() *cobra.Command {
	c := a.group("sim", "Run committees on virtual time, with faults", `  thinkey sim run --seed 1 --cpu 40s
  thinkey sim replay 17`)
	c.Long = `Runs whole networks on virtual time, in one goroutine, from a seed: the nodes' own code over a model network and model disks,
with crashes, partitions, lost messages and Byzantine members, and checks the invariants after every step.`
	c.AddCommand(a.newSimRun(), a.newSimReplay())
	return c
}

func (a *app) newSimRun() *cobra.Command {
	var f simFlags
	c := a.command("run", "Run seeds, from one on, until one fails", func(c *cobra.Command, _ []string) error { return a.simRun(c.Context(), &f) })
	c.Long = `Runs seeds one after the other until time is over or one fails. Of a hundred seeds together it demands that every kind of fault
has happened, unless flags leave some out; one seed of a hundred runs twice, and both must be equal. Of a seed that fails it makes the smallest network, with the
fewest faults and messages, in which it still fails, and writes what happened there to a file.`
	c.Flags().Uint64Var(&f.seed, "seed", 1, "the first seed")
	c.Flags().IntVar(&f.seeds, "seeds", 0, "how many seeds; 0 for as many as --cpu allows")
	c.Flags().DurationVar(&f.cpu, "cpu", 40*time.Second, "CPU time after which no further seed begins; 0 for no limit")
	c.Flags().StringVar(&f.out, "out", ".", "directory for the timeline of a seed that fails")
	f.share(c)
	return c
}

func (a *app) newSimReplay() *cobra.Command {
	var f simFlags
	c := a.command("replay SEED", "Run one seed and print what happens", func(_ *cobra.Command, args []string) error {
		seed, err := strconv.ParseUint(args[0], 10, 64)
		if err != nil {
			return usage("seed (%q)", args[0]).do("write a whole number such as 12")
		}
		f.seed = seed
		return a.simReplay(&f)
	})
	f.share(c)
	return c
}

// share gives a command the flags that change a run.
func (f *simFlags) share(c *cobra.Command) {
	c.Flags().StringVar(&f.tier, "tier", string(sim.Stub), "how much is real: "+tiers())
	c.Flags().StringSliceVar(&f.without, "without", nil, "classes of faults to leave out")
	c.Flags().StringVar(&f.keep, "keep", "all", "numbers of the incidents to keep, or none, or all")
	c.Flags().IntVar(&f.messages, "messages", -1, "messages at most; -1 for as many as the seed draws")
	c.Flags().IntVar(&f.nodes, "nodes", 0, "nodes of one seat each; 0 for what the seed draws")
	c.Flags().IntVar(&f.chains, "chains", 0, fmt.Sprintf("chains, the main one included, 1 to %d; 0 for what the seed draws", sim.MostChains))
}

// tiers names them.
func tiers() string { return fmt.Sprintf("%s, %s or %s", sim.Stub, sim.Real, sim.Store) }

func (f *simFlags) options() (o sim.Options, err error) {
	o = sim.Options{Tier: sim.Tier(f.tier), Messages: f.messages, Nodes: f.nodes, Chains: f.chains}
	if !slices.Contains(sim.Tiers, o.Tier) {
		return o, usage("--tier (%q)", f.tier).do("write %s", tiers())
	}
	switch {
	case f.cpu < 0:
		return o, usage("--cpu (%s)", f.cpu).do("write how long, such as 40s, or 0 for no limit")
	case f.seeds < 0:
		return o, usage("--seeds (%d)", f.seeds).do("write how many, or 0 for as many as --cpu allows")
	case f.messages < -1:
		return o, usage("--messages (%d)", f.messages).do("write how many at most, or -1 for as many as the seed draws")
	case f.nodes < 0 || f.nodes > 64:
		return o, usage("--nodes (%d)", f.nodes).do("write a number from 0 to 64")
	case f.chains < 0 || f.chains > sim.MostChains:
		return o, usage("--chains (%d)", f.chains).do("write a number from 0 to %d", sim.MostChains)
	}
	for _, name := range f.without {
		c, ok := sim.ClassNamed(name)
		if !ok {
			return o, usage("--without (%q)", name).do("there are: %s", strings.Join(sim.ClassNames(), ", "))
		}
		o.Without = append(o.Without, c)
	}
	switch f.keep {
	case "all":
		return o, nil
	case "none":
		o.Keep = []int{}
		return o, nil
	}
	for _, word := range strings.Split(f.keep, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			return o, usage("--keep (%q)", f.keep).do("write numbers such as 0,3,4, or none, or all")
		}
		o.Keep = append(o.Keep, n)
	}
	return o, nil
}

func (a *app) simRun(ctx context.Context, f *simFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return usage("--out (%q)", f.out).do("name a directory that can be written: %v", err)
	}
	r, err := sim.Campaign{First: f.seed, Seeds: f.seeds, CPU: f.cpu, Options: o}.Run(ctx)
	if err != nil {
		return err
	}
	failed := ctx.Err() // what was run is told
	switch {
	case r.Violation != nil:
		failed = a.simFailed(f, r, o)
	case len(r.Missing) > 0:
		failed = fmt.Errorf("in %d seeds this never happened: %s", r.Seeds, strings.Join(r.Missing, ", "))
	}
	if a.asJSON {
		if err := json.NewEncoder(a.Out).Encode(r); err != nil {
			return err
		}
		return failed
	}
	for _, name := range r.Census.Names() {
		_, _ = fmt.Fprintf(a.Out, "%10d  %s\n", r.Census[name], name)
	}
	_, _ = fmt.Fprintf(a.Out, "%d seeds in %.1f s of CPU, %d violations; for an hour of CPU: %.0f hours of the network, %.0f final blocks, %.0f relays, %.0f faults of %d kinds\nhistory %s\n",
		r.Seeds, r.CPUSeconds, r.Violations, r.Hours, r.Blocks, r.Relays, r.Faults, r.Kinds, r.History)
	return failed
}

// simFailed shrinks a seed that failed, and writes what happened.
func (a *app) simFailed(f *simFlags, r *sim.Report, o sim.Options) error {
	small, err := sim.Shrink(*r.FailingSeed, o, r.Violation)
	if err != nil {
		return err
	}
	path := filepath.Join(f.out, fmt.Sprintf("sim-%d.txt", *r.FailingSeed))
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = sim.Timeline(file, *r.FailingSeed, small)
	if errClose := file.Close(); err == nil {
		err = errClose
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("seed %d: %w\nit is repeated by: %s\nshrunk:            %s\nwhat happened:     %s",
		*r.FailingSeed, r.Violation, sim.Command(*r.FailingSeed, o), sim.Command(*r.FailingSeed, small), path)
}

func (a *app) simReplay(f *simFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	var out io.Writer = a.Out
	if a.asJSON {
		out = io.Discard
	}
	end, err := sim.Timeline(out, f.seed, o)
	if err != nil {
		return err
	}
	if a.asJSON {
		if err := json.NewEncoder(a.Out).Encode(struct {
			Seed    uint64     `json:"seed"`
			History string     `json:"history_hash"`
			Failed  bool       `json:"failed"`
			Plan    *sim.Plan  `json:"plan"`
			Census  sim.Census `json:"census"`
		}{f.seed, fmt.Sprintf("%x", end.History), end.Violation != nil, end.Plan, end.Census}); err != nil {
			return err
		}
	}
	if end.Violation != nil {
		return fmt.Errorf("seed %d: %w", f.seed, end.Violation)
	}
	return nil
}
