package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

func (a *app) newStatus() *cobra.Command {
	return a.command("status", "Show what a node is and where it stands", func(cmd *cobra.Command, _ []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		s, err := c.Info(ctx)
		if err != nil {
			return err
		}
		return a.answer(s, func() {
			if a.quiet {
				a.print("%d\n", s.Height)
				return
			}
			t := table{}
			t.add("node", c.Node()+", version "+s.Version+", up "+(time.Duration(s.UptimeMillis)*time.Millisecond).Round(time.Second).String())
			network, on := whereOf(&s)
			t.add("network", network)
			t.add("chain", on)
			t.add("height", fmt.Sprintf("%d, %s at %s", s.Height, s.Finality, time.UnixMilli(int64(s.TimeMillis)).Format(time.DateTime)))
			t.add("block", s.Block.String())
			t.add("state root", s.StateRoot.String())
			t.add("blocks", s.Pace)
			t.add("gas price", fmt.Sprintf("at least %d", s.Params.MinGasPrice))
			t.add("accounts", fmt.Sprintf("%s in the state, %d live", countEntries(s.Entries), s.Resident))
			t.add("waiting", count(s.Waiting, "message"))
			if s.Dir != "" {
				t.add("data", s.Dir)
			} else {
				t.add("data", "in memory")
			}
			if s.Dev != nil {
				t.add("keys", fmt.Sprintf("public, of seed %q: a development network", s.Dev.Seed))
			}
			a.print("%s", t.String())
		})
	})
}

// whereOf are the network and the chain that a node tells of. The network is called as its main chain is.
func whereOf(s *client.Info) (network, on string) {
	on = fmt.Sprint(s.Chain) + " " + calledBy(s.Chain, s.Name)
	if s.Chain == chain.Main {
		return s.Network.String() + " (" + printable(s.Name) + ")", on
	}
	return s.Network.String(), on
}

func countEntries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// mostMined is how many blocks a node makes for one demand.
const mostMined = 1000

func (a *app) newMine() *cobra.Command {
	return a.command("mine [N]", "Make a development network make blocks now", func(cmd *cobra.Command, args []string) error {
		blocks := 1
		if len(args) == 1 {
			n, err := strconv.Atoi(args[0])
			if err != nil || n < 1 || n > mostMined {
				return usage("N (%q)", args[0]).do("write a whole number from 1 to %d", mostMined)
			}
			blocks = n
		}
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		if err := c.Mine(ctx, blocks); err != nil {
			return err
		}
		head, err := c.Info(ctx)
		if err != nil {
			return err
		}
		object := map[string]any{"height": head.Height, "block": head.Block}
		return a.answer(object, func() { a.print("height %d  %s\n", head.Height, head.Block) })
	})
}
