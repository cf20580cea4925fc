package cli

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/cluster/weather"
)

// askProxy asks the proxy of a network how the links are; if to is given, once they are that.
func askProxy(ctx context.Context, dir string, to *[]weather.Over) (weather.State, error) {
	r, ok := runningProxy(dir)
	switch {
	case ok:
		return weather.Ask(ctx, r.Control, to)
	case !isThere(filepath.Join(dir, proxyFile)):
		return weather.State{}, noProxy(dir)
	}
	return weather.State{}, failed("proxy_down", "the proxy of %s is down", dir).do("start the network with: thinkey testnet up --dir %s", dir)
}

// changeAir has the proxy change the air of some directions.
func (a *app) changeAir(ctx context.Context, dir string, nodes int, change func(d *weather.Over)) error {
	s, err := askProxy(ctx, dir, nil)
	if err != nil {
		return err
	}
	list := []weather.Over{}
	for _, kind := range weather.Kinds() {
		for from := range nodes {
			for to := range nodes {
				if from == to {
					continue
				}
				o := weather.Over{From: from, To: to, Kind: kind}
				for _, is := range s.Air {
					if is.From == from && is.To == to && is.Kind == kind {
						o.Air = is.Air
					}
				}
				change(&o)
				list = append(list, o)
			}
		}
	}
	if s, err = askProxy(ctx, dir, &list); err != nil {
		return err
	}
	return a.answer(map[string]any{"faults": s.Air}, func() { a.say("%s", airWords(s.Air)) })
}

// kindsFlag is which of what goes between nodes is meant.
func kindsFlag(cmd *cobra.Command, only *string) {
	cmd.Flags().StringVar(only, "only", "", "links, what chains say to each other, or gossip, who is there; both if it isn't given")
}

func checkKind(only string) error {
	if only != "" && !slices.Contains(weather.Kinds(), weather.Kind(only)) {
		return usage("--only (%q)", only).do("write %s or %s", weather.Links, weather.Gossip)
	}
	return nil
}

func isMeant(only string, k weather.Kind) bool { return only == "" || weather.Kind(only) == k }

func (a *app) newTestnetPartition() *cobra.Command {
	dir, only, oneWay := "", "", false
	cmd := a.command("partition N[,N...] [N[,N...]...]", "Cut links between the nodes of a test network", func(cmd *cobra.Command, args []string) error {
		homes, err := testnetHomes(dir)
		if err != nil {
			return err
		}
		sides, err := sidesOf(args, len(homes))
		if err != nil {
			return err
		}
		if err := checkKind(only); err != nil {
			return err
		}
		if oneWay && len(args) != 1 {
			return usage("--one-way with %d sides", len(args)).do("name one side: those that the others don't hear")
		}
		return a.changeAir(cmd.Context(), dir, len(homes), func(o *weather.Over) {
			if isMeant(only, o.Kind) && sides[o.From] != sides[o.To] && (!oneWay || sides[o.From] == 0) {
				o.Cut = true
			}
		})
	})
	cmd.Long = `Cut the links between sides of a test network that was made with --faults: each argument is a side, and nodes that are not named are one more. What
is on its way waits, as it does on a network, until thinkey testnet heal, or until an end gives up. What is cut already stays so.

All chains of two nodes share one encrypted connection: it is cut as a whole. A node that hears nothing of one chain alone is started by
thinkey testnet up N --cut CHAIN, with --cut-for for a time.`
	cmd.Example = `  thinkey testnet partition 0,1 --dir ./net
  thinkey testnet partition 0 1,2 --dir ./net
  thinkey testnet partition 3 --one-way --dir ./net
  thinkey testnet partition 0,1 --only gossip --dir ./net`
	dirFlag(cmd, &dir)
	kindsFlag(cmd, &only)
	cmd.Flags().BoolVar(&oneWay, "one-way", false, "the side that is named is not heard by the others; it hears them")
	return cmd
}

// sidesOf says on which side each node is.
func sidesOf(args []string, nodes int) ([]int, error) {
	sides := slices.Repeat([]int{len(args)}, nodes)
	for side, arg := range args {
		for word := range strings.SplitSeq(arg, ",") {
			n, err := strconv.Atoi(word)
			if err != nil || n < 0 || n >= nodes {
				return nil, usage("N (%q)", word).do("write numbers of nodes, from 0 to %d, with commas between", nodes-1)
			}
			if sides[n] != len(args) {
				return nil, usage("node %d is named twice", n).do("put each node on one side")
			}
			sides[n] = side
		}
	}
	return sides, nil
}

func (a *app) newTestnetDisturb() *cobra.Command {
	dir, only, air := "", "", weather.Air{}
	cmd := a.command("disturb [N...]", "Make links of a test network slow, or let them lose what they carry", func(cmd *cobra.Command, args []string) error {
		homes, err := testnetHomes(dir)
		if err != nil {
			return err
		}
		if err := checkKind(only); err != nil {
			return err
		}
		if err := air.Check(); err != nil {
			return usage("%v", err).do("write, for example: --delay 200ms --jitter 100ms --loss 0.05 --reset 0.001")
		}
		meant := map[int]bool{}
		for _, arg := range args {
			n, err := strconv.Atoi(arg)
			if err != nil || n < 0 || n >= len(homes) {
				return usage("N (%q)", arg).do("write the number of a node, from 0 to %d", len(homes)-1)
			}
			meant[n] = true
		}
		return a.changeAir(cmd.Context(), dir, len(homes), func(o *weather.Over) {
			if isMeant(only, o.Kind) && (len(meant) == 0 || meant[o.From] || meant[o.To]) {
				cut := o.Cut
				o.Air = air
				o.Cut = cut
			}
		})
	})
	cmd.Long = `Disturb the links of some nodes of a test network that was made with --faults, or all links. What is lost on a connection is sent again, and comes
200 ms late; gossip's datagrams are lost, and overtake each other when there is a jitter. Without flags the links are as fast as they can be; links
that are cut stay so.`
	cmd.Example = `  thinkey testnet disturb --delay 100ms --jitter 50ms --dir ./net
  thinkey testnet disturb 3 --loss 0.05 --reset 0.001 --dir ./net`
	dirFlag(cmd, &dir)
	kindsFlag(cmd, &only)
	f := cmd.Flags()
	f.DurationVar(&air.Delay, "delay", 0, "how long everything takes, each way")
	f.DurationVar(&air.Jitter, "jitter", 0, "how much longer it may take")
	f.Float64Var(&air.Loss, "loss", 0, "share of pieces that are lost, from 0 to 1")
	f.Float64Var(&air.Reset, "reset", 0, "share of pieces with which a connection breaks, from 0 to 1")
	return cmd
}

func (a *app) newTestnetHeal() *cobra.Command {
	dir := ""
	cmd := a.command("heal", "Mend all links of a test network", func(cmd *cobra.Command, _ []string) error {
		s, err := askProxy(cmd.Context(), dir, &[]weather.Over{})
		if err != nil {
			return err
		}
		return a.answer(map[string]any{"faults": s.Air}, func() { a.say("%s", airWords(s.Air)) })
	})
	dirFlag(cmd, &dir)
	return cmd
}

// words say what is wrong with the air of a link.
func words(a weather.Air) string {
	var list []string
	if a.Cut {
		list = append(list, "cut")
	}
	if a.Delay > 0 || a.Jitter > 0 {
		list = append(list, fmt.Sprintf("%s to %s late", a.Delay, (a.Delay+a.Jitter).Round(time.Millisecond)))
	}
	if a.Loss > 0 {
		list = append(list, fmt.Sprintf("%.3g %% lost", 100*a.Loss))
	}
	if a.Reset > 0 {
		list = append(list, fmt.Sprintf("%.3g %% broken", 100*a.Reset))
	}
	return strings.Join(list, ", ")
}

// airWords has a line for all directions with the same fault: 0-1 is both ways, 0>1 what node 0 sends node 1.
func airWords(list []weather.Over) string {
	if len(list) == 0 {
		return "all links are well\n"
	}
	is := map[weather.Over]bool{}
	found := map[string][]string{}
	for _, o := range list {
		is[o] = true
	}
	for _, o := range list {
		back := o
		back.From, back.To = o.To, o.From
		key := string(o.Kind) + "\x00" + words(o.Air)
		switch {
		case !is[back]:
			found[key] = append(found[key], fmt.Sprintf("%d>%d", o.From, o.To))
		case o.From < o.To:
			found[key] = append(found[key], fmt.Sprintf("%d-%d", o.From, o.To))
		}
	}
	t := table{}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		kind, what, _ := strings.Cut(key, "\x00")
		t.add(kind, what, strings.Join(found[key], " "))
	}
	return t.String()
}
