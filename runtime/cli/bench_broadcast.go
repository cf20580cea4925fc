package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/cluster/overlay"
)

// broadcastOptions are the flags of `thinkey bench broadcast`.
type broadcastOptions struct {
	overlay.Network
	Nodes  []int
	asJSON bool
}

// broadcastFull are the full copies that a node passes on, as the whitepaper compares them (SPEC 10.5).
var broadcastFull = []int{8, 4, 2, 1}

func newBenchBroadcast() *cobra.Command {
	o := &broadcastOptions{}
	c := &cobra.Command{
		Use: "broadcast", Short: "How often a node receives what is broadcast, in a simulated network", Args: cobra.NoArgs,
		Long: `Simulate how a block reaches all nodes of a network: every node has some links, passes what it gets on in full to 8, 4, 2 or 1 of them, and tells the others its
name, who ask if they lack it. The table and the plot show how many full copies a node receives on average: with one, fewer than two, however many nodes there are.`,
		Example: `  thinkey bench broadcast
  thinkey bench broadcast --nodes 100,1000 --silent 20 --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(benchOutput{cmd.OutOrStdout(), o.asJSON})
		},
	}
	f := c.Flags()
	f.IntSliceVar(&o.Nodes, "nodes", []int{100, 200, 300, 400, 500, 600, 700, 800, 900, 1000}, "numbers of nodes")
	f.IntVar(&o.Links, "links", 10, "links of a node; an even number")
	f.IntVar(&o.Messages, "messages", 20, "messages that are broadcast")
	f.Uint64Var(&o.Seed, "seed", 1, "what the network and its delays are drawn from")
	f.Uint64Var(&o.Silent, "silent", 0, "percent of the nodes that announce what they have and don't give it")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return c
}

// broadcastRow is what was measured with so many nodes; by full copies, in the order of broadcastFull.
type broadcastRow struct {
	Nodes   int              `json:"nodes"`
	Results []overlay.Result `json:"results"`
}

func (o *broadcastOptions) check() error {
	switch {
	case o.Links < 2 || o.Links%2 > 0 || o.Links > 100:
		return usage("--links (%d)", o.Links).do("write an even number from 2 to 100")
	case o.Messages < 1 || o.Messages > 1000:
		return usage("--messages (%d)", o.Messages).do("write a number from 1 to 1000")
	case o.Silent > 90:
		return usage("--silent (%d)", o.Silent).do("write a number from 0 to 90")
	case len(o.Nodes) == 0:
		return usage("--nodes").do("write numbers of nodes, such as 100,1000")
	}
	for _, n := range o.Nodes {
		if n <= o.Links || n > 10_000 {
			return usage("--nodes (%d) with %d links", n, o.Links).do("write numbers from %d to 10000", o.Links+1)
		}
	}
	return nil
}

func (o *broadcastOptions) run(out benchOutput) error {
	if err := o.check(); err != nil {
		return err
	}
	o.LeastMillis, o.MostMillis, o.FullMillis = 10, 100, 50
	o.PatienceMillis, o.AnswerMillis = overlay.NodePatienceMillis, overlay.NodeAnswerMillis
	rows := make([]broadcastRow, len(o.Nodes))
	for i, n := range o.Nodes {
		rows[i].Nodes = n
		for _, full := range broadcastFull {
			c := o.Network
			c.Nodes, c.Full = n, full
			rows[i].Results = append(rows[i].Results, overlay.Measure(c))
		}
	}
	if out.json {
		return json.NewEncoder(out).Encode(map[string]any{"links": o.Links, "full": broadcastFull, "rows": rows, "seed": o.Seed, "silent": o.Silent})
	}
	out.say("full copies that a node receives on average, %d links each (delays %d to %d ms, %d ms for a copy, %d %% silent)\n\n%s\n%s", o.Links,
		o.LeastMillis, o.MostMillis, o.FullMillis, o.Silent, broadcastTable(rows), broadcastPlot(rows))
	return nil
}

func broadcastTable(rows []broadcastRow) string {
	t := table{}
	head := []string{"nodes"}
	for _, k := range broadcastFull {
		head = append(head, fmt.Sprintf("%d full", k))
	}
	t.add(append(head, "names (1 full)", "asked (1 full)", "last has it, ms (1 full)", "(8 full)", "missed")...)
	for _, r := range rows {
		cells := []string{strconv.Itoa(r.Nodes)}
		missed := 0
		for _, x := range r.Results {
			cells = append(cells, fmt.Sprintf("%.2f", x.Copies))
			missed += x.Missed
		}
		one, many := r.Results[len(r.Results)-1], r.Results[0]
		cells = append(cells, fmt.Sprintf("%.2f", one.Names), fmt.Sprintf("%.2f", one.Questions), fmt.Sprintf("%.0f", one.LastMillis), fmt.Sprintf("%.0f", many.LastMillis))
		t.add(append(cells, strconv.Itoa(missed))...)
	}
	t.numbers(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	return t.String()
}

// plotRows is the height of the plot.
const plotRows = 16

// broadcastPlot draws a line of digits for each number of full copies, over the numbers of nodes.
func broadcastPlot(rows []broadcastRow) string {
	most := 0.0
	for _, r := range rows {
		for _, x := range r.Results {
			most = max(most, x.Copies)
		}
	}
	most = math.Ceil(most)
	lines := make([][]byte, plotRows+1)
	for i := range lines {
		lines[i] = slices.Repeat([]byte{' '}, 6*len(rows))
	}
	for at, r := range rows {
		for i, x := range r.Results {
			lines[plotRows-int(math.Round(x.Copies/most*plotRows))][6*at+3] = byte('0' + broadcastFull[i])
		}
	}
	var b strings.Builder
	b.WriteString("copies; a digit is how many are passed on in full\n")
	for i, l := range lines {
		label := ""
		if i%4 == 0 {
			label = fmt.Sprintf("%.1f", most*float64(plotRows-i)/plotRows)
		}
		fmt.Fprintf(&b, "%5s |%s\n", label, strings.TrimRight(string(l), " "))
	}
	fmt.Fprintf(&b, "      +%s\n       ", strings.Repeat("-", 6*len(rows)))
	for _, r := range rows {
		fmt.Fprintf(&b, "%5d ", r.Nodes)
	}
	return strings.TrimRight(b.String(), " ") + " nodes\n"
}
