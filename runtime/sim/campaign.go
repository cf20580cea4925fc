package sim

import (
	"context"
	"encoding/hex"
	"fmt"
	"syscall"
	"time"

	"crypto/sha256"
)

// Campaign is seeds one after the other, from the first on.
type Campaign struct {
	First   uint64
	Seeds   int           // how many; 0 for as many as the CPU time is for
	CPU     time.Duration // 0 for no limit
	Options Options
}

// Report is what came of a campaign. Figures are per hour of CPU time.
type Report struct {
	Seeds       int     `json:"seeds"`
	Hours       float64 `json:"hours_per_cpu_hour"`
	Blocks      float64 `json:"blocks_per_cpu_hour"`
	Faults      float64 `json:"faults_per_cpu_hour"`
	Relays      float64 `json:"relays_per_cpu_hour"`
	Kinds       int     `json:"kinds_of_faults"`
	CPUSeconds  float64 `json:"cpu_seconds"`
	Violations  int     `json:"violations"`
	FailingSeed *uint64 `json:"failing_seed,omitempty"`
	// Missing is what none of the first hundred seeds made happen, or of the second hundred, and so on.
	Missing []string `json:"missing,omitempty"`
	History string   `json:"history_hash"`
	Census  Census   `json:"census"`

	Violation *Violation `json:"-"`
}

// again is one of how many seeds that are run a second time, to compare their histories (Y1).
const again = 100

// Run runs seeds until one fails, or many together don't show what they must (Y5; unless the options leave something out), or ctx is done:
// then the report is of those that ran.
func (c Campaign) Run(ctx context.Context) (*Report, error) {
	start, history, r := cpuTime(), sha256.New(), &Report{Census: Census{}}
	var millis uint64
	hundred, thousand, myriad := Census{}, Census{}, Census{}
	for seed := c.First; r.Violations == 0 && len(r.Missing) == 0 && ctx.Err() == nil; seed++ {
		if c.Seeds > 0 && r.Seeds == c.Seeds || c.CPU > 0 && cpuTime()-start >= c.CPU {
			break
		}
		o, err := Run(seed, c.Options)
		if err == nil && seed%again == 0 {
			err = c.repeat(o)
		}
		if err != nil {
			return nil, err
		}
		r.Seeds++
		millis += o.Millis
		r.Census.join(o.Census)
		hundred.join(o.Census)
		thousand.join(o.Census)
		myriad.join(o.Census)
		if r.Seeds%100 == 0 && !c.Options.narrow() {
			r.miss(seed, 100, hundred.Missing())
			hundred = Census{}
		}
		if r.Seeds%1000 == 0 && !c.Options.narrow() {
			r.miss(seed, 1000, thousand.MissingRare())
			thousand = Census{}
		}
		if r.Seeds%10_000 == 0 && !c.Options.narrow() {
			r.miss(seed, 10_000, myriad.MissingRarest())
			myriad = Census{}
		}
		history.Write(o.History[:])
		if o.Violation != nil {
			r.Violations, r.FailingSeed, r.Violation = 1, &o.Seed, o.Violation
		}
	}
	r.finish(cpuTime()-start, millis)
	r.History = hex.EncodeToString(history.Sum(nil))
	return r, nil
}

func (r *Report) finish(cpu time.Duration, millis uint64) {
	if r.Seeds == 0 {
		return
	}
	hours := cpu.Hours()
	faults, kinds := r.Census.Faults()
	r.CPUSeconds, r.Kinds = cpu.Seconds(), kinds
	r.Hours, r.Blocks = float64(millis)/3_600_000/hours, float64(r.Census["block"])/hours
	r.Faults, r.Relays = float64(faults)/hours, float64(r.Census["relay"])/hours
}

// miss notes what was missing in the seeds, so many, that end with this one.
func (r *Report) miss(seed, seeds uint64, missing []string) {
	for _, name := range missing {
		r.Missing = append(r.Missing, fmt.Sprintf("%s (seeds %d to %d)", name, seed-seeds+1, seed))
	}
}

// repeat holds Y1.
func (c Campaign) repeat(o *Outcome) error {
	p, err := Run(o.Seed, c.Options)
	if err == nil && p.History != o.History {
		return fmt.Errorf("two runs of seed %d differ: %x and %x", o.Seed, o.History, p.History)
	}
	return err
}

// cpuTime is what the process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
