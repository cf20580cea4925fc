package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// nodeFaults is what is wrong with a node of a test network.
type nodeFaults struct {
	byzantine string
	clock     time.Duration
	volatile  bool
	cut       uint32
	cutFor    time.Duration
}

func (f *nodeFaults) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.byzantine, "byzantine", "", "test networks: break a rule: "+strings.Join(byzantine.Names(), ", "))
	flags.DurationVar(&f.clock, "clock", 0, "test networks: how far the node's clock is ahead; behind if it is negative")
	flags.BoolVar(&f.volatile, "volatile", false, "test networks: being killed loses what was not synced, as a loss of power would")
	flags.Uint32Var(&f.cut, "cut", 0, "test networks: a chain of which the node hears nothing from others, and they nothing from it")
	flags.DurationVar(&f.cutFor, "cut-for", 0, "test networks: how long --cut lasts from the start on (default: as long as the node runs)")
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
	case f.cutFor < 0 || f.cutFor > 0 && f.cut == 0:
		return usage("--cut-for (%s)", f.cutFor).do("write a time with --cut CHAIN, such as --cut 2 --cut-for 10s")
	case *f != (nodeFaults{}) && c.DevSeed == "":
		return usage("--byzantine, --clock, --volatile and --cut do harm").do("use them in a test network alone, which thinkey testnet gen makes")
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
	if f.cut != 0 {
		args = append(args, "--cut", strconv.FormatUint(uint64(f.cut), 10))
	}
	if f.cutFor != 0 {
		args = append(args, "--cut-for", f.cutFor.String())
	}
	return args
}

// lost is what says of which chains all is lost now; nil if nothing ever is.
func (f *nodeFaults) lost() func(chain.ID) bool {
	if f.cut == 0 {
		return nil
	}
	began := time.Now()
	return func(id chain.ID) bool { return uint32(id) == f.cut && (f.cutFor == 0 || time.Since(began) < f.cutFor) }
}

// answers is how the node answers what others pass on to it: one that breaks rules lies to them, too.
func (f *nodeFaults) answers(honest node.Routes) node.Routes {
	if f.byzantine == "" {
		return honest
	}
	return byzantine.Answers(honest)
}
