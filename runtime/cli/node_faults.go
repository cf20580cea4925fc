package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/byzantine"
)

// nodeFaults is what is wrong with a node of a test network.
type nodeFaults struct {
	byzantine string
	clock     time.Duration
	volatile  bool
}

func (f *nodeFaults) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.byzantine, "byzantine", "", "test networks: break a rule: "+strings.Join(byzantine.Names(), ", "))
	flags.DurationVar(&f.clock, "clock", 0, "test networks: how far the node's clock is ahead; behind if it is negative")
	flags.BoolVar(&f.volatile, "volatile", false, "test networks: being killed loses what was not synced, as a loss of power would")
}

// maxClock bounds how wrong a clock may be.
const maxClock = 24 * time.Hour

// check returns nil for what may be wrong with the node of a configuration.
func (f *nodeFaults) check(c *nodeConfig) error {
	switch {
	case f.byzantine != "" && !byzantine.Known(f.byzantine):
		return usage("--byzantine (%q)", f.byzantine).do("write one of %s", strings.Join(byzantine.Names(), ", "))
	case f.clock.Abs() > maxClock:
		return usage("--clock (%s)", f.clock).do("write a time up to %s, such as 10s or -10s", maxClock)
	case *f != (nodeFaults{}) && c.DevSeed == "":
		return usage("--byzantine, --clock and --volatile do harm").do("use them in a test network alone, which thinkey testnet gen makes")
	}
	return nil
}

// arguments are those with which a node is started that has them.
func (f *nodeFaults) arguments() (args []string) {
	if f.byzantine != "" {
		args = append(args, "--byzantine", f.byzantine)
	}
	if f.clock != 0 {
		args = append(args, "--clock", f.clock.String())
	}
	if f.volatile {
		args = append(args, "--volatile")
	}
	return args
}
