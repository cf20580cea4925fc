package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

// clusterView is a network as one node sees it, with what each of the others says of itself.
type clusterView struct {
	Asked   string          `json:"asked"` // URL of the node
	Network chain.NetworkID `json:"network"`
	Name    string          `json:"name"`
	Chains  []clusterChain  `json:"chains"`
	Nodes   []clusterNode   `json:"nodes"`
	at      time.Time
}

// clusterChain is a chain of the network.
type clusterChain struct {
	Chain  chain.ID `json:"chain"`
	Name   string   `json:"name"`
	Height uint64   `json:"height"` // the most that a node says
	Seats  int      `json:"seats"`
	Faulty int      `json:"faulty"` // seats, as many can do no harm
	Voting int      `json:"voting"` // seats of nodes that answer here and don't wait to vote
}

// clusterNode is a node of the network.
type clusterNode struct {
	Node      keys.PublicKey `json:"node"`
	State     string         `json:"state"`
	Connected bool           `json:"connected"` // to the node that was asked; itself is
	Alive     bool           `json:"alive"`     // says gossip
	Address   string         `json:"address,omitempty"`
	API       string         `json:"api,omitempty"`
	Software  string         `json:"software,omitempty"`
	Uptime    int64          `json:"uptime_millis,omitempty"`
	Peers     int            `json:"peers"`    // that it is connected to
	Known     int            `json:"of_peers"` // that it knows
	Conflicts uint64         `json:"conflicts,omitempty"`
	Error     string         `json:"error,omitempty"` // why the node that was asked doesn't reach it
	Chains    []clusterPlace `json:"chains"`
}

// clusterPlace is what a node does for a chain. Height, lag and round are known of a node that answers.
type clusterPlace struct {
	Chain  chain.ID `json:"chain"`
	Roles  []string `json:"roles,omitempty"`
	Seats  int      `json:"seats"`
	Height uint64   `json:"height"`
	Lag    uint64   `json:"lag"` // blocks behind the highest
	Round  uint32   `json:"round"`
	Silent bool     `json:"silent,omitempty"`
	known  bool
}

const (
	// nodeAnswers, nodeSilent and nodeHidden are what a node of the network is to this command: it answers at the address that it gives users, it doesn't,
	// or it gives none. nodeUnmet has a seat, and the node that was asked never met it.
	nodeAnswers = "up"
	nodeHidden  = "no API"
	nodeUnmet   = "unknown"
)

func (a *app) newCluster() *cobra.Command {
	cmd := a.group("cluster", "Look at all nodes of a network", "  thinkey cluster status\n  thinkey cluster status --network ./net --json")
	cmd.AddCommand(a.newClusterStatus())
	return cmd
}

func (a *app) newClusterStatus() *cobra.Command {
	cmd := a.command("status", "Show all nodes of a network, as one of them sees it", func(cmd *cobra.Command, _ []string) error {
		v, err := a.lookAround(cmd.Context())
		if err != nil {
			return err
		}
		return a.answer(v, func() { a.print("%s", v.String()) })
	})
	cmd.Long = `Ask a node which others it knows, and each of those, at the address that it gives for users, how it does. A line for each node and chain:
its key, where other nodes connect to it, the program, state, how many of those that it knows it is connected to, and of the chain its seats, height, lag
behind the highest, and the round of the next height, which is more than 0 while leaders fail.

State is up, silent if the node doesn't answer this command, no API if it serves no users or only on its own machine's address, unknown if it has a seat and was
never met. A node that is cut off from the one that was asked is marked with !, one that signs nothing after a lost disk with "waits to vote".`
	return cmd
}

// lookAround asks the node of the settings, and then the others.
func (a *app) lookAround(ctx context.Context) (*clusterView, error) {
	ctx, done, c := a.connect(ctx)
	defer done()
	info, err := c.Info(ctx)
	if err != nil {
		return nil, err
	}
	peers, err := c.Peers(ctx)
	if err != nil {
		return nil, err
	}
	if peers.Self.Node == (keys.PublicKey{}) {
		return nil, failed("no_cluster", "%s is a network of one process", c.Node()).do("see: thinkey status; make a cluster with: thinkey testnet gen")
	}
	v := &clusterView{Asked: c.Node(), Network: info.Network, Name: info.Name, at: time.Now()}
	peers.Self.Connected, peers.Self.API = true, c.Node()
	all := append([]client.Peer{peers.Self}, peers.Peers...)
	seats, err := v.seats(ctx, c)
	if err != nil {
		return nil, err
	}
	v.Nodes = make([]clusterNode, len(all))
	var work sync.WaitGroup
	asking := make(chan struct{}, looksAtOnce)
	for i, p := range all {
		asking <- struct{}{}
		work.Go(func() {
			v.Nodes[i] = v.ask(ctx, p)
			<-asking
		})
	}
	work.Wait()
	v.sum(seats)
	return v, nil
}

// seats are those of each node on each chain, as the node says that was asked.
func (v *clusterView) seats(ctx context.Context, c *client.Client) (map[chain.ID]map[keys.PublicKey]int, error) {
	chains, err := c.Chains(ctx)
	if err != nil {
		return nil, err
	}
	all := map[chain.ID]map[keys.PublicKey]int{}
	for _, is := range chains.Chains {
		if is.Chain == chain.Main {
			v.Name = is.Name
		}
		one := clusterChain{Chain: is.Chain, Name: is.Name, Height: is.Height}
		of, err := c.On(strconv.FormatUint(uint64(is.Chain), 10)).Committee(ctx)
		if err != nil {
			return nil, err
		}
		one.Seats, one.Faulty = len(of.Seats), of.Quorums.Faulty
		all[is.Chain] = map[keys.PublicKey]int{}
		for _, s := range of.Seats {
			all[is.Chain][s.Node]++
		}
		v.Chains = append(v.Chains, one)
	}
	return all, nil
}

const (
	// lookPatience is how long one of the other nodes may take to answer.
	lookPatience = 3 * time.Second
	// lookBytes is how long an answer of another node may be, which says of itself where it is asked, beside lookEach for each node and chain that
	// the one that was asked knows of.
	lookBytes, lookEach = 64 << 10, 1 << 10
	// looksAtOnce is how many other nodes are asked at once.
	looksAtOnce = 32
)

// ask is a node, with what it says of itself.
func (v *clusterView) ask(ctx context.Context, p client.Peer) clusterNode {
	n := clusterNode{
		Node: p.Node, State: nodeHidden, Connected: p.Connected, Alive: p.Alive, Address: cmp.Or(p.Transport, p.Address), API: p.API, Software: p.Software, Conflicts: p.Conflicts, Error: p.Error,
	}
	for _, s := range p.Serves {
		for _, c := range v.Chains {
			if c.Chain >= s.First && c.Chain <= s.Last {
				n.place(c.Chain).Roles = s.Roles
			}
		}
	}
	if p.API == "" {
		return n
	}
	n.State = nodeSilent
	c := client.New(p.API, client.WithTries(1), client.WithTimeout(lookPatience), client.WithNetwork(v.Network), client.WithLongest(v.longest()))
	defer c.Close()
	others, err := c.Peers(ctx)
	if err != nil || others.Self.Node != p.Node { // another node is there
		return n
	}
	info, err := c.Info(ctx)
	if err != nil {
		return n
	}
	n.State, n.Uptime = nodeAnswers, info.UptimeMillis
	n.Software, n.Known = others.Self.Software, len(others.Peers)
	n.Peers = len(slices.DeleteFunc(others.Peers, func(p client.Peer) bool { return !p.Connected }))
	if chains, err := c.Chains(ctx); err == nil {
		for _, is := range chains.Chains {
			if is.Here && v.has(is.Chain) {
				place := n.place(is.Chain)
				place.known, place.Height, place.Round, place.Silent = true, is.Height, is.Round, is.Silent
			}
		}
	}
	return n
}

// longest is how long an answer of another node may be.
func (v *clusterView) longest() int64 { return lookBytes + lookEach*int64(len(v.Nodes)+len(v.Chains)) }

// has says whether the network has a chain, as the node says that was asked: another can't make the table longer.
func (v *clusterView) has(id chain.ID) bool {
	return slices.ContainsFunc(v.Chains, func(c clusterChain) bool { return c.Chain == id })
}

// place is what a node does for a chain; there is one from now on.
func (n *clusterNode) place(id chain.ID) *clusterPlace {
	i := slices.IndexFunc(n.Chains, func(p clusterPlace) bool { return p.Chain == id })
	if i < 0 {
		i = len(n.Chains)
		n.Chains = append(n.Chains, clusterPlace{Chain: id})
	}
	return &n.Chains[i]
}

// sum adds up what the nodes say, and adds those that have seats and were never met.
func (v *clusterView) sum(seats map[chain.ID]map[keys.PublicKey]int) {
	for i := range v.Chains {
		c := &v.Chains[i]
		for k, n := range seats[c.Chain] { // any order: they are sorted below
			j := slices.IndexFunc(v.Nodes, func(n clusterNode) bool { return n.Node == k })
			if j < 0 {
				j = len(v.Nodes)
				v.Nodes = append(v.Nodes, clusterNode{Node: k, State: nodeUnmet})
			}
			p := v.Nodes[j].place(c.Chain)
			p.Seats = n
			if v.Nodes[j].State == nodeAnswers && !p.Silent {
				c.Voting += n
			}
		}
		for j := range v.Nodes {
			for _, p := range v.Nodes[j].Chains {
				if p.Chain == c.Chain {
					c.Height = max(c.Height, p.Height)
				}
			}
		}
		for j := range v.Nodes {
			for l := range v.Nodes[j].Chains {
				if p := &v.Nodes[j].Chains[l]; p.Chain == c.Chain && p.known {
					p.Lag = c.Height - p.Height
				}
			}
		}
	}
	for i := range v.Nodes {
		slices.SortFunc(v.Nodes[i].Chains, func(a, b clusterPlace) int { return int(a.Chain) - int(b.Chain) })
	}
	slices.SortFunc(v.Nodes, func(a, b clusterNode) int { return bytes.Compare(a.Node[:], b.Node[:]) })
}

// String is the view as a table.
func (v *clusterView) String() string {
	t := table{}
	t.numbers(5, 7, 8, 9)
	t.add("node", "address", "program", "state", "peers", "chain", "does", "seats", "height", "lag", "round")
	for i := range v.Nodes {
		n := &v.Nodes[i]
		head := []string{n.Node.String()[:12], printable(n.Address), printable(strings.TrimPrefix(n.Software, "thinkey ")), n.state(), fmt.Sprintf("%d/%d", n.Peers, n.Known)}
		if n.State != nodeAnswers {
			head[4] = ""
		}
		if len(n.Chains) == 0 {
			t.add(head...)
		}
		for _, p := range n.Chains {
			t.add(append(slices.Clone(head), p.cells()...)...)
			head = make([]string, len(head))
		}
	}
	text := fmt.Sprintf("network %s (%s), as %s sees it\n%s", v.Network, printable(v.Name), v.Asked, t.String())
	for _, c := range v.Chains {
		text += fmt.Sprintf("chain %d %s: height %d, %d of %s vote, %d may be faulty\n", c.Chain, calledBy(c.Chain, c.Name), c.Height, c.Voting, count(c.Seats, "seat"), c.Faulty)
	}
	return text
}

// state says in words what a node is to this command.
func (n *clusterNode) state() string {
	words := n.State
	if !n.Connected && n.State != nodeUnmet {
		words += "!"
	}
	if n.Conflicts > 0 {
		words += ", at two addresses"
	}
	return words
}

func (p *clusterPlace) cells() []string {
	does := slices.DeleteFunc(slices.Clone(p.Roles), func(r string) bool { return r == "seat" })
	cells := []string{strconv.FormatUint(uint64(p.Chain), 10), printable(strings.Join(does, ",")), strconv.Itoa(p.Seats), "", "", ""}
	if p.known {
		cells[3], cells[4], cells[5] = strconv.FormatUint(p.Height, 10), strconv.FormatUint(p.Lag, 10), strconv.FormatUint(uint64(p.Round), 10)
	}
	if p.Silent {
		cells[5] = "waits to vote"
	}
	return cells
}
