package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// nodeFaults is what is wrong with a node of a test network.
type nodeFaults struct {
	byzantine string
	clock     time.Duration
	volatile  bool
	cut       uint32
}

func (f *nodeFaults) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.byzantine, "byzantine", "", "test networks: break a rule: "+strings.Join(byzantine.Names(), ", "))
	flags.DurationVar(&f.clock, "clock", 0, "test networks: how far the node's clock is ahead; behind if it is negative")
	flags.BoolVar(&f.volatile, "volatile", false, "test networks: being killed loses what was not synced, as a loss of power would")
	flags.Uint32Var(&f.cut, "cut", 0, "test networks: a chain of which the node hears nothing from others, and they nothing from it")
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
	return args
}

// net is what connects the node's part of a chain with the others.
func (f *nodeFaults) net(links *node.Links, id chain.ID) (node.Net, error) {
	if f.cut == uint32(id) {
		return noNet{}, nil
	}
	return links.Net(id)
}

// noNet loses all.
type noNet struct{}

func (noNet) Send(keys.PublicKey, []byte)               {}
func (noNet) Spread([]byte)                             {}
func (noNet) Hold(func(keys.PublicKey, []byte, func())) {}
