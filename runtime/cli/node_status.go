package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// peersOf are a node and its neighbours as its API tells of them.
func peersOf(l *node.Links) (all client.Peers) {
	all.Self = peerOf(l.Self())
	for _, n := range l.Neighbours() {
		all.Peers = append(all.Peers, peerOf(n))
	}
	return all
}

func peerOf(n node.Neighbour) client.Peer {
	p := client.Peer{
		Node: n.Key, Member: n.Member, Connected: n.Connected, Alive: n.Alive, Address: n.Addr, Transport: n.Record.Transport, API: n.Record.API, Software: n.Software,
		Sent: n.Sent, Received: n.Received, Lost: n.Lost, Serves: servesOf(&n.Record), Conflicts: n.Conflicts,
	}
	if n.Error != nil {
		p.Error = n.Error.Error()
	}
	return p
}

// servesOf are the roles of a record by their names.
func servesOf(r *mesh.Record) (list []client.Serves) {
	for _, s := range r.Serves {
		does := client.Serves{First: s.First, Last: s.First + chain.ID(s.Count-1), Roles: []string{}}
		for _, role := range []struct {
			is   mesh.Roles
			name string
		}{{mesh.Data, "data"}, {mesh.Common, "common"}, {mesh.Seat, "seat"}} {
			if s.Roles&role.is != 0 {
				does.Roles = append(does.Roles, role.name)
			}
		}
		list = append(list, does)
	}
	return list
}

// readyNode is what a running node's ready file says.
type readyNode struct {
	API string `json:"api"`
	PID int    `json:"pid"`
}

// ready reads the file; false if there is none.
func (h nodeHome) ready() (r readyNode, ok bool) {
	text, err := os.ReadFile(h.file(nodeReadyFile))
	return r, err == nil && json.Unmarshal(text, &r) == nil && r.API != ""
}

// nodeState is what is known of a node from outside.
type nodeState struct {
	Home  string       `json:"home"`
	State string       `json:"state"` // up, down, silent, joining, or starting
	PID   int          `json:"pid,omitempty"`
	API   string       `json:"api,omitempty"`
	Info  *client.Info `json:"info,omitempty"`
	// Joining is how far a node is that fetches a snapshot, and serves nobody yet.
	Joining *joiningNode  `json:"joining,omitempty"`
	Peers   []client.Peer `json:"peers,omitempty"`
	// Conflicts is how often this node's key was met at another address.
	Conflicts uint64 `json:"conflicts,omitempty"`
}

const (
	nodeUp     = "up"
	nodeDown   = "down"
	nodeJoins  = "joining"
	nodeStarts = "starting" // or about to end: its process is there, and serves nobody
	nodeSilent = "silent"   // it serves users, and doesn't answer
)

// connected is how many others it is connected to.
func (s *nodeState) connected() (n int) {
	for _, p := range s.Peers {
		if p.Connected {
			n++
		}
	}
	return n
}

// stateOf asks a node how it does.
func stateOf(ctx context.Context, h nodeHome, patience time.Duration) nodeState {
	s := nodeState{Home: string(h), State: nodeDown}
	if s.Joining = h.joining(); s.Joining != nil {
		s.State, s.PID = nodeJoins, s.Joining.PID
		return s
	}
	is, ok := h.running()
	if !ok {
		return s
	}
	r, ok := h.ready()
	if !ok || r.PID != is.PID {
		s.State, s.PID = nodeStarts, is.PID
		return s
	}
	s.State, s.PID, s.API = nodeSilent, r.PID, r.API
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := client.New(r.API, client.WithTimeout(patience), client.WithPatience(patience))
	defer c.Close()
	info, err := c.Info(ctx)
	if err != nil {
		return s
	}
	if peers, err := c.Peers(ctx); err == nil {
		s.State, s.Info, s.Peers, s.Conflicts = nodeUp, &info, peers.Peers, peers.Self.Conflicts
	}
	return s
}

// statusPatience is how long a node may take to say how it does.
const statusPatience = 5 * time.Second

func (a *app) newNodeStatus() *cobra.Command {
	home := ""
	cmd := a.command("status", "Say how the node of a directory does, and which others it is connected to", func(cmd *cobra.Command, _ []string) error {
		if _, err := readNodeConfig(nodeHome(home), a.Environ, nil); err != nil {
			return err
		}
		s := stateOf(cmd.Context(), nodeHome(home), statusPatience)
		if err := a.answer(s, func() { a.printNode(&s) }); err != nil {
			return err
		}
		if s.State == nodeUp || s.State == nodeJoins {
			return nil
		}
		f := &fault{exit: exitUnreachable, code: "node_" + s.State, words: fmt.Sprintf("the node of %s is %s", home, s.State)}
		switch s.State {
		case nodeStarts:
			return f.do("wait, and see its log; if it stays so, kill it and start it: kill -9 %d", s.PID)
		case nodeSilent:
			return f.do("see its log; if it stays so, kill it and start it: kill -9 %d", s.PID)
		}
		return f.do("start it with: thinkey node start --home %s", home)
	})
	homeFlag(cmd, &home)
	return cmd
}

func (a *app) newNodeStop() *cobra.Command {
	home := ""
	cmd := a.command("stop", "Tell the node of a directory to stop, and wait until it has", func(cmd *cobra.Command, _ []string) error {
		if _, err := readNodeConfig(nodeHome(home), a.Environ, nil); err != nil {
			return err
		}
		return endNode(cmd.Context(), nodeHome(home), syscall.SIGTERM)
	})
	homeFlag(cmd, &home)
	return cmd
}

func (a *app) newNodeReload() *cobra.Command {
	home := ""
	cmd := a.command("reload", "Have the running node read the keys of gossip again", func(cmd *cobra.Command, _ []string) error {
		h := nodeHome(home)
		c, err := readNodeConfig(h, a.Environ, nil)
		if err != nil {
			return err
		}
		list, err := c.gossipKeys(h)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return failed("no_gossip_key", "the configuration of %s names no gossip-key-file", h).do("a node begins to encrypt its gossip when it is started again with one")
		}
		is, ok := h.running()
		if !ok && store.InUse(h.file(ledgerDir)) {
			return unseen(h)
		}
		if !ok {
			return failed("not_running", "the node of %s doesn't run", h).do("start it with: thinkey node start --home %s", h)
		}
		if err := syscall.Kill(is.PID, syscall.SIGHUP); err != nil {
			return failed("no_signal", "the node of %s, process %d: %v", h, is.PID, err).do("do it as the user that started it")
		}
		a.say("told the node of %s: its log says what came of it\n", h)
		return nil
	})
	cmd.Long = `Have the running node read its gossip-key-file again: the first line encrypts, every line decrypts. To change the key of a network give all nodes the new one
as the second line, then as the first, then alone, and reload each node after each step. All else in node.toml is read when the node starts.`
	homeFlag(cmd, &home)
	return cmd
}

func (a *app) printNode(s *nodeState) {
	if s.State == nodeJoins {
		a.print("it fetches a snapshot: %s\n", s.Joining)
	}
	if s.State != nodeUp {
		return
	}
	t := table{}
	t.add("node", fmt.Sprintf("%s, process %d, %s, up %s", s.Home, s.PID, s.API, (time.Duration(s.Info.UptimeMillis)*time.Millisecond).Round(time.Second)))
	network, on := whereOf(s.Info)
	t.add("network", network)
	t.add("chain", fmt.Sprintf("%s, at height %d, block %s", on, s.Info.Height, s.Info.Block))
	if c := s.Info.CatchUp; c != nil {
		t.add("", fmt.Sprintf("it catches up: block %d of %d, %.0f blocks a second", s.Info.Height, c.Target, c.Rate))
	}
	if s.Info.First > 1 {
		t.add("", fmt.Sprintf("it has the blocks from %d on", s.Info.First))
	}
	t.add("peers", fmt.Sprintf("%d of %d connected", s.connected(), len(s.Peers)))
	if s.Conflicts > 0 {
		t.add("key elsewhere", fmt.Sprintf("met at another address, %s: it has moved, or a second process has it", count(int(s.Conflicts), "time")))
	}
	for _, p := range s.Peers {
		words := "not connected"
		switch {
		case p.Connected:
			words = fmt.Sprintf("connected at %s, %d sent, %d received, %d lost", p.Address, p.Sent, p.Received, p.Lost)
		case p.Error != "":
			words += ": " + p.Error
		}
		t.add("", p.Node.String()[:12]+"  "+words)
	}
	a.print("%s", t.String())
}
