package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/client"
)

// peersOf are a node's neighbours as its API tells of them.
func peersOf(l *node.Links) (list []client.Peer) {
	for _, n := range l.Neighbours() {
		p := client.Peer{
			Node: n.Key, Member: n.Member, Connected: n.Connected, Alive: n.Alive, Address: n.Addr, API: n.Record.API, Software: n.Software,
			Sent: n.Sent, Received: n.Received, Lost: n.Lost,
		}
		if n.Error != nil {
			p.Error = n.Error.Error()
		}
		list = append(list, p)
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
	Home  string        `json:"home"`
	State string        `json:"state"` // up, down, or silent
	PID   int           `json:"pid,omitempty"`
	API   string        `json:"api,omitempty"`
	Info  *client.Info  `json:"info,omitempty"`
	Peers []client.Peer `json:"peers,omitempty"`
}

const (
	nodeUp     = "up"
	nodeDown   = "down"
	nodeSilent = "silent" // its process is there and doesn't answer
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
	r, ok := h.ready()
	if !ok || !isRunning(h, r.PID) {
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
	if s.Peers, err = c.Peers(ctx); err == nil {
		s.State, s.Info = nodeUp, &info
	}
	return s
}

// statusPatience is how long a node may take to say how it does.
const statusPatience = 5 * time.Second

func (a *app) newNodeStatus() *cobra.Command {
	home := ""
	cmd := a.command("status", "Say how the node of a directory does, and which others it is connected to", func(cmd *cobra.Command, _ []string) error {
		if _, err := readNodeConfig(nodeHome(home)); err != nil {
			return err
		}
		s := stateOf(cmd.Context(), nodeHome(home), statusPatience)
		if err := a.answer(s, func() { a.printNode(&s) }); err != nil {
			return err
		}
		if s.State != nodeUp {
			f := &fault{exit: exitUnreachable, code: "node_" + s.State, words: fmt.Sprintf("the node of %s is %s", home, s.State)}
			return f.do("start it with: thinkey node start --home %s", home)
		}
		return nil
	})
	homeFlag(cmd, &home)
	return cmd
}

func (a *app) newNodeStop() *cobra.Command {
	home := ""
	cmd := a.command("stop", "Tell the node of a directory to stop, and wait until it has", func(cmd *cobra.Command, _ []string) error {
		if _, err := readNodeConfig(nodeHome(home)); err != nil {
			return err
		}
		return endNode(cmd.Context(), nodeHome(home), syscall.SIGTERM)
	})
	homeFlag(cmd, &home)
	return cmd
}

func (a *app) printNode(s *nodeState) {
	if s.State != nodeUp {
		return
	}
	t := table{}
	t.add("node", fmt.Sprintf("%s, process %d, %s, up %s", s.Home, s.PID, s.API, (time.Duration(s.Info.UptimeMillis)*time.Millisecond).Round(time.Second)))
	t.add("network", s.Info.Network.String()+" ("+s.Info.Name+")")
	t.add("chain", fmt.Sprintf("%d, at height %d, block %s", s.Info.Chain, s.Info.Height, s.Info.Block))
	t.add("peers", fmt.Sprintf("%d of %d connected", s.connected(), len(s.Peers)))
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
