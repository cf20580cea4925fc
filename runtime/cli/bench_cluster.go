package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// clusterBench are the size and shape of a benchmark of processes.
type clusterBench struct {
	*app     `json:"-"`
	Accounts int    `json:"accounts"`
	Messages int    `json:"messages"`      // payments of each of the two loads
	Idle     int    `json:"idle_payments"` // payments of which none waits for another
	Restarts int    `json:"restarts"`
	Dir      string `json:"dir"`
	Profile  string `json:"profile,omitempty"`
}

// clusterResult is what `thinkey bench cluster --json` prints: keys name quantity and unit.
type clusterResult struct {
	Rate         float64 `json:"payments_per_second"`
	CPU          float64 `json:"cpu_us_per_payment"`           // of all nodes together
	GeneratorCPU float64 `json:"generator_cpu_us_per_payment"` // of who submits
	Blocks       uint64  `json:"blocks"`
	IdleP50      float64 `json:"idle_latency_ms_p50"`
	IdleP99      float64 `json:"idle_latency_ms_p99"`
	RSS          uint64  `json:"rss_bytes_per_node"`        // of the largest, after the load
	RSSIdle      uint64  `json:"rss_idle_bytes_per_node"`   // of the largest, before it
	RSSRested    uint64  `json:"rss_rested_bytes_per_node"` // of the largest, some seconds after it
	IdleCPU      float64 `json:"idle_cpu_percent"`          // of one core, of each node
	// RequestP50 is how long it takes to ask a node's API for an account of a chain that it doesn't run: it asks another node.
	RequestP50 float64 `json:"request_ms_p50"`
	// RequestHere is the same of a chain that the node runs.
	RequestHere float64 `json:"request_here_ms_p50"`
	// CatchUp is how long a load took to be made, by how long a node that missed it took to have it, its start included.
	CatchUp float64 `json:"catchup_ratio"`
	// CatchUpRate is how many blocks of that load the node gets in a second once it has started, by how many were made in a second.
	CatchUpRate float64 `json:"catchup_rate_ratio"`
	// CatchUpLatency is how long a payment waits at a node meanwhile that the other asks for blocks, by how long on an idle chain: one payment after
	// the other, with a pause. Both nodes share a machine.
	CatchUpLatency float64 `json:"catchup_latency_ratio"`
	// Restart is from the start of the process of a node that was killed until something is final that can't be without its vote: half of
	// the restarts.
	Restart float64 `json:"restart_to_vote_ms"`
	// Serves is from there until it serves users.
	Serves float64 `json:"restart_to_serve_ms"`
	// Strangers is how many connections strangers opened while users were served: how long a payment waited then, how many a second were final,
	// and what a node's CPU of one was, each in proportion to what it was before. Who submits, and the strangers, take CPU of the same machine.
	Strangers        uint64  `json:"strangers_connections"`
	StrangersLatency float64 `json:"strangers_latency_ratio"`
	StrangersRate    float64 `json:"strangers_rate_ratio"`
	StrangersCPU     float64 `json:"strangers_cpu_ratio"`
	clusterBench
}

const benchNodes = 4

func (a *app) newBenchCluster() *cobra.Command {
	o := clusterBench{app: a}
	c := &cobra.Command{
		Use:   "cluster",
		Short: "Measure four nodes, each a process: payments per second, latency, memory, restarts",
		Long: `Measures four nodes on this machine, each a process with its own directory, that reach each other by the loopback interface and agree on one chain.

Accounts and signed messages are made first and don't count. They are submitted to the API of all four nodes, hundreds in a request; how many become final in a second
is counted from the first request to the block that holds the last. The CPU of the process that submits is reported apart. A quarter of a load is submitted
without and with strangers: a thousand users of one node who never come to the end of a request, junk and silence at all ports of all nodes, unknown keys with frames without end, gossip under another secret. Then a node is killed, as many
payments are made without it, and it is started again: how much sooner than they took to be made it has them. Then a node is killed again and again,
and started when nothing can become final without its vote. At last another network is started, in which one node lacks a chain, and is asked for accounts of it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), benchOutput{cmd.OutOrStdout(), a.asJSON})
		},
	}
	f := c.Flags()
	f.IntVar(&o.Accounts, "accounts", 100_000, "accounts at genesis")
	f.IntVar(&o.Messages, "messages", 100_000, "payments of each of two loads")
	f.IntVar(&o.Idle, "idle", 100, "single payments to time")
	f.IntVar(&o.Restarts, "restarts", 3, "restarts to time")
	f.StringVar(&o.Dir, "dir", "", "directory for the data (default: a temporary one, removed at the end)")
	f.StringVar(&o.Profile, "profile", "", "directory for a CPU profile of one node, until the first load is final")
	return c
}

func (o *clusterBench) check() error {
	switch {
	case o.Accounts < 100 || o.Accounts > 10_000_000:
		return usage("--accounts (%d)", o.Accounts).do("write a number from 100 to 10000000")
	case o.Messages < 100 || o.Messages > 5_000_000:
		return usage("--messages (%d)", o.Messages).do("write a number from 100 to 5000000")
	case o.Idle < 1 || o.Idle > 100_000:
		return usage("--idle (%d)", o.Idle).do("write a number from 1 to 100000")
	case o.Restarts < 1 || o.Restarts > 100:
		return usage("--restarts (%d)", o.Restarts).do("write a number from 1 to 100")
	}
	return nil
}

// run measures one thing after the other.
func (o *clusterBench) run(ctx context.Context, out benchOutput) error {
	if err := o.check(); err != nil {
		return err
	}
	done, err := benchDir(&o.Dir)
	if err != nil {
		return err
	}
	defer done()
	out.say("%d nodes, twice %d payments between %d accounts; making keys, signing …\n", benchNodes, o.Messages, o.Accounts)
	l := &clusterLoad{clusterBench: o, out: out}
	if err := l.prepare(); err != nil {
		return err
	}
	defer stopNodes(l.homes)
	r := clusterResult{clusterBench: *o}
	for _, step := range []func(context.Context, *clusterResult) error{l.start, l.idle, l.single, l.full, l.strangers, l.missed, l.restarts, l.requests} {
		if err := step(ctx, &r); err != nil {
			return err
		}
	}
	if out.json {
		return json.NewEncoder(out).Encode(r)
	}
	out.reportCluster(&r)
	return nil
}

func (o benchOutput) reportCluster(r *clusterResult) {
	o.say("\n%8.0f     payments a second, submitted to all nodes, in %d blocks\n", r.Rate, r.Blocks)
	o.say("%8.0f µs  CPU of a payment, of all nodes together; %.0f µs more of the process that submits\n", r.CPU, r.GeneratorCPU)
	o.say("%8.1f ms  until a single payment is final on an idle chain, half of them; 99 of 100 within %.1f ms\n", r.IdleP50, r.IdleP99)
	o.say("%8.1f MB  memory of a node after the load; %.1f MB before it, and %.1f MB some seconds later\n", float64(r.RSS)/1e6, float64(r.RSSIdle)/1e6, float64(r.RSSRested)/1e6)
	o.say("%8.2f %%   of a core for a node that has nothing to do\n", r.IdleCPU)
	o.say("%8.2f     times as long a payment waits while %d connections of strangers are opened; %.2f times as many are final in a second, with %.2f times the CPU\n", r.StrangersLatency, r.Strangers, r.StrangersRate, r.StrangersCPU)
	o.say("%8.1f     times as fast as they were made a node gets blocks that it missed, its start included\n", r.CatchUp)
	o.say("%8.1f     times as fast once it has started\n", r.CatchUpRate)
	o.say("%8.2f     times as long a payment waits meanwhile as on an idle chain\n", r.CatchUpLatency)
	o.say("%8.2f ms  to ask a node for an account of a chain that another has, half of the questions; %.2f ms if it has the chain itself\n", r.RequestP50, r.RequestHere)
	o.say("%8.0f ms  from the start of a node that was killed until its vote counts; it serves users after %.0f ms\n", r.Restart, r.Serves)
}

// benchAccounts are the addresses of the accounts that pay, by number.
func benchAccounts(n int) []chain.Address {
	addresses := make([]chain.Address, n)
	pieces(n, func(i int) { addresses[i] = chain.KeyAddress(chain.Main, benchKey(uint32(i)).Public()) })
	return addresses
}

// prepare makes the network's directories, and signs.
func (l *clusterLoad) prepare() error {
	l.accounts = benchAccounts(l.Accounts)
	var err error
	l.network, err = genTestnet(testnetPlan{dir: filepath.Join(l.Dir, "net"), seed: "bench", nodes: benchNodes, accounts: l.accounts})
	if err != nil {
		return err
	}
	if err := os.WriteFile(l.secretFile(), []byte(strings.Repeat("5e", 32)+"\n"), 0o600); err != nil {
		return err
	}
	if l.homes, err = testnetHomes(filepath.Join(l.Dir, "net")); err == nil && l.Profile != "" {
		err = os.MkdirAll(l.Profile, 0o700)
	}
	l.nonces = make([]uint32, l.Accounts)
	l.clients = make([]*client.Client, len(l.homes))
	l.loads[0] = l.sign(l.Messages) // in the order in which they are submitted
	for i := range l.parts {
		l.parts[i] = l.sign(l.Messages / strangersPart)
	}
	l.loads[1] = l.sign(l.Messages)
	return err
}

// percentile of a list that is not empty, which it sorts.
func percentile[T cmp.Ordered](list []T, share float64) T {
	slices.Sort(list)
	return list[min(int(share*float64(len(list))), len(list)-1)]
}

// nodeArguments are those with which a node is started: the one that is stopped in order has a profile, of its first run.
func (l *clusterLoad) nodeArguments(i int) []string {
	list := []string{"--gossip-key-file", l.secretFile()}
	if l.Profile == "" || i != benchNodes-1 || l.clients[i] != nil {
		return list
	}
	return append(list, "--profile", fmt.Sprintf("%s/node-%d.pprof", l.Profile, i))
}

// secretFile has what encrypts the gossip of the nodes.
func (l *clusterLoad) secretFile() string { return filepath.Join(l.Dir, "gossip.key") }
