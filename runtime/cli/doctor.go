package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// finding is what the doctor says of one thing.
type finding struct {
	What  string `json:"what"`
	State string `json:"state"` // well, odd or bad
	Words string `json:"words"`
	Do    string `json:"do,omitempty"`
}

const (
	isWell = "well"
	isOdd  = "odd" // it works, and may not for long
	isBad  = "bad"
)

func well(format string, args ...any) finding {
	return finding{State: isWell, Words: fmt.Sprintf(format, args...)}
}
func odd(do, format string, args ...any) finding {
	return finding{State: isOdd, Words: fmt.Sprintf(format, args...), Do: do}
}
func bad(do, format string, args ...any) finding {
	return finding{State: isBad, Words: fmt.Sprintf(format, args...), Do: do}
}

// patient is the node that the doctor looks at. What couldn't be read is zero.
type patient struct {
	home    nodeHome
	environ []string
	config  nodeConfig
	card    nodeCard
	genesis *chain.Genesis
	state   nodeState
}

func (a *app) newDoctor() *cobra.Command {
	home := ""
	cmd := a.command("doctor", "Look for what is wrong with a node, and say what to do", func(cmd *cobra.Command, _ []string) error {
		found := (&patient{home: nodeHome(home), environ: a.Environ}).examine(cmd.Context())
		sick := slices.ContainsFunc(found, func(f finding) bool { return f.State == isBad })
		if err := a.answer(map[string]any{"home": home, "findings": found}, func() { a.printFindings(found) }); err != nil {
			return err
		}
		if sick {
			return failed("sick", "something is wrong with the node of %s", home).do("do what stands behind what is bad")
		}
		return nil
	})
	cmd.Long = `Look at the directory of a node, its machine, the node if it runs, and what the others say of it. The exit code is 1 if something is bad: the node
doesn't work, or harms itself. What is odd works, and may not for long.`
	homeFlag(cmd, &home)
	return cmd
}

func (a *app) printFindings(found []finding) {
	t := table{}
	for _, f := range found {
		words := f.Words
		if f.Do != "" {
			words += "; " + f.Do
		}
		t.add(f.State, f.What, words)
	}
	a.print("%s", t.String())
}

// examine looks at one thing after the other, from the outside in.
func (p *patient) examine(ctx context.Context) (found []finding) {
	for _, look := range []struct {
		what string
		at   func(context.Context) finding
	}{
		{"configuration", p.lookConfig}, {"key", p.lookKey}, {"genesis", p.lookGenesis}, {"disk", p.lookDisk}, {"open files", p.lookFiles},
		{"process", p.lookProcess}, {"ledger", p.lookLedger}, {"connections", p.lookPeers}, {"key elsewhere", p.lookTwin}, {"height", p.lookHeight}, {"clock", p.lookClock}, {"evidence", p.lookEvidence},
	} {
		f := look.at(ctx)
		if f.State == "" {
			continue // nothing to say without what was bad before
		}
		f.What = look.what
		if found = append(found, f); !isThere(p.home.file(nodeConfigFile)) {
			break // it is no node's directory: all else would be missing, too
		}
	}
	return found
}

func (p *patient) lookConfig(context.Context) finding {
	var err error
	if p.config, err = readNodeConfig(p.home, p.environ, nil); err != nil {
		f := classify(err)
		return bad(f.hint, "%s", f.words)
	}
	return well("%s", p.home.file(nodeConfigFile))
}

func (p *patient) lookKey(context.Context) finding {
	path := p.home.file(nodeKeyName + ".json")
	about, err := os.Stat(path)
	if err != nil {
		return bad("copy it back from where you keep it: without it the seat is lost", "%v", err)
	}
	if about.Mode().Perm()&0o077 != 0 {
		return bad("run: chmod 600 "+path, "others can read %s", path)
	}
	if p.card, err = readCard(p.home.file(nodeCardFile)); err != nil {
		return odd("it is needed to be given a seat", "the card can't be read: %v", err)
	}
	return well("node %s", p.card.Node)
}

func (p *patient) lookGenesis(context.Context) finding {
	if p.config.Genesis == "" {
		return finding{} // the configuration can't be read
	}
	path := p.home.at(p.config.Genesis)
	g, err := readDraft(path)
	if err == nil {
		err = checkWhole(g)
	}
	if err != nil {
		return bad("take the file that the other nodes have", "%s: %v", path, err)
	}
	p.genesis = g
	runs, err := p.config.chains(g)
	if err != nil {
		return bad("correct chains in "+p.home.file(nodeConfigFile), "%v", err)
	}
	idle := namesOf(g, func(c *chain.Genesis) bool {
		return sits(c.Committee.Seats, p.card.Node) && !slices.Contains(runs, c.Chain)
	})
	if len(idle) > 0 {
		return odd("add them to chains of "+p.home.file(nodeConfigFile)+", unless the seats were given to others since", "network %s; a seat from the start on chains that this node doesn't run: %s", g.Network(), strings.Join(idle, ", "))
	}
	var has []string
	for i, c := range chainsOf(g) {
		own := slices.DeleteFunc(slices.Clone(c.Committee.Seats), func(s chain.Seat) bool { return s.Node != p.card.Node })
		if len(own) > 0 {
			has = append(has, fmt.Sprintf("%d of %d on %s", len(own), len(c.Committee.Seats), planOf(g)[i].Name))
		}
	}
	if len(has) == 0 {
		return well("network %s; the node has no seat from the start, and follows, unless it was given one later", g.Network())
	}
	return well("network %s; seats from the start: %s", g.Network(), strings.Join(has, ", "))
}

const (
	// littleDisk is what a node must have free to keep anything (store.ErrDiskFull), and someDisk what lasts for a while.
	littleDisk = 256 << 20
	someDisk   = 4 << 30
	// someFiles is how many files, connections among them, a node may need at once.
	someFiles = 4096
)

func (p *patient) lookDisk(context.Context) finding {
	var s syscall.Statfs_t
	at := p.home.file(ledgerDir)
	if !isThere(at) {
		at = string(p.home)
	}
	if err := syscall.Statfs(at, &s); err != nil {
		return bad("see whether the disk is there", "%s: %v", at, err)
	}
	free := s.Bavail * uint64(s.Bsize)
	switch {
	case free < littleDisk:
		return bad("make room: the node keeps nothing, and says nothing, until there is", "%d MiB are free", free>>20)
	case free < someDisk:
		return odd("make room", "%d MiB are free", free>>20)
	}
	return well("%d GiB are free", free>>30)
}

func (p *patient) lookFiles(context.Context) finding {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return odd("see: ulimit -n", "%v", err)
	}
	if l.Max < someFiles {
		return odd(fmt.Sprintf("allow %d: ulimit -n, or LimitNOFILE of the unit", someFiles), "a process of this user may have %d", l.Max)
	}
	return well("a process of this user may have %d", l.Max)
}

func (p *patient) lookProcess(ctx context.Context) finding {
	p.state = stateOf(ctx, p.home, statusPatience)
	switch p.state.State {
	case nodeUp:
		return well("%d, at %s", p.state.PID, p.state.API)
	case nodeJoins:
		return odd(fmt.Sprintf("wait, and see how far it is: thinkey node status --home %s", p.home), "%d begins with a snapshot: %s", p.state.PID, p.state.Joining)
	case nodeStarts:
		return odd(fmt.Sprintf("wait, and see its log; if it stays so, kill it and start it: kill -9 %d", p.state.PID), "%d starts, or is about to end", p.state.PID)
	case nodeSilent:
		return bad(fmt.Sprintf("see its log; if it stays so, kill it and start it: kill -9 %d", p.state.PID), "%d is there, and doesn't answer at %s", p.state.PID, p.state.API)
	}
	if isThere(p.home.file(movedFile)) {
		return odd("it is another directory's now: start that", "what the key signed was exported, and the node doesn't start here")
	}
	return bad(fmt.Sprintf("start it with: thinkey node start --home %s", p.home), "the node is down")
}

// lookLedger opens the ledger of a node that is down; one that runs has it open.
func (p *patient) lookLedger(context.Context) finding {
	if p.state.State != nodeDown {
		return finding{}
	}
	r, err := store.OpenRaw(store.Options{Dir: p.home.file(ledgerDir)})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return well("there is none yet; the node gets the chain from the others")
	case errors.Is(err, store.ErrInUse):
		return bad("see who has it: the node's process.json may be missing", "%v", err)
	case err != nil:
		return bad(fmt.Sprintf("look closer with: thinkey audit %s; if it is damaged move it away, and the node gets the chain from the others", p.home.file(ledgerDir)), "%v", err)
	}
	if err := r.Close(); err != nil {
		return bad("see whether the disk is well", "%v", err)
	}
	return well("it can be opened; thinkey audit %s looks at all of it", p.home.file(ledgerDir))
}

func (p *patient) lookPeers(context.Context) finding {
	if p.state.State != nodeUp || p.genesis == nil {
		return finding{}
	}
	members, connected, why := 0, 0, ""
	for _, peer := range p.state.Peers {
		switch {
		case !peer.Member:
		case peer.Connected:
			members, connected = members+1, connected+1
		default:
			members++
			why = fmt.Sprintf(" (%s: %s)", peer.Node.String()[:12], peer.Error)
		}
	}
	others := slices.ContainsFunc(chainsOf(p.genesis), func(c *chain.Genesis) bool {
		return slices.ContainsFunc(c.Committee.Seats, func(s chain.Seat) bool { return s.Node != p.card.Node })
	})
	switch {
	case members == 0 && others && len(p.state.Peers) > 0:
		return bad("if it was away while all members that it knew were replaced, name one of today's in trusted of "+p.home.file(nodeConfigFile)+", by the key of its "+nodeCardFile+", and start it again",
			"%s known, and none is a member as far as this node's chain says", count(len(p.state.Peers), "node"))
	case members == 0 && others:
		return bad("see whether the seeds of node.toml are right, and gossip's port can be reached by UDP and TCP", "no other node is known")
	case 3*(connected+1) <= 2*(members+1):
		return bad("see whether others run, and the port of transport can be reached: with so few nothing becomes final", "connected to %d of %d members%s", connected, members, why)
	case connected < members:
		return odd("see whether those run", "connected to %d of %d members%s", connected, members, why)
	}
	return well("connected to all %d members", members)
}

// lookTwin asks this node and others whether they have seen the node at two addresses.
func (p *patient) lookTwin(ctx context.Context) finding {
	if p.state.State != nodeUp {
		return finding{}
	}
	seen := p.state.Conflicts
	asked := p.others(ctx, func(ctx context.Context, c *client.Client) error {
		peers, err := c.Peers(ctx)
		for _, peer := range peers.Peers {
			if peer.Node == p.card.Node {
				seen += peer.Conflicts
			}
		}
		return err
	})
	if seen > 0 {
		return odd("if it has not moved since, its key runs in a second process: stop one; what both signed may be evidence", "others met this node at another address as well, %s", count(int(seen), "time"))
	}
	if asked == 0 {
		return well("it was met at no other address, by its own count; no other member serves users to ask")
	}
	return well("nobody met this node at another address")
}

// othersBytes is how long an answer of another member may be: what it lists of evidence and of nodes.
const othersBytes = 1 << 20

// others asks other members something, at the addresses that they give for users.
func (p *patient) others(ctx context.Context, ask func(context.Context, *client.Client) error) (asked int) {
	ctx, cancel := context.WithTimeout(ctx, statusPatience)
	defer cancel()
	for _, peer := range p.state.Peers {
		if peer.API == "" || !peer.Member {
			continue
		}
		c := client.New(peer.API, client.WithTries(1), client.WithTimeout(statusPatience), client.WithLongest(othersBytes))
		if who, err := c.Peers(ctx); err == nil && who.Self.Node == peer.Node && ask(ctx, c) == nil {
			asked++
		}
		c.Close()
	}
	return asked
}

// farBehind is how many blocks a node may be behind without anything being wrong.
const farBehind = 20

func (p *patient) lookHeight(ctx context.Context) finding {
	if p.state.Info == nil {
		return finding{}
	}
	most, own := uint64(0), p.state.Info.Height
	asked := p.others(ctx, func(ctx context.Context, c *client.Client) error {
		about, err := c.Info(ctx)
		if err == nil && about.Chain == p.state.Info.Chain && about.Network == p.state.Info.Network {
			most = max(most, about.Height)
		}
		return err
	})
	switch {
	case asked == 0:
		return well("%d; no other member serves users to compare with", own)
	case own+farBehind < most:
		return odd("it catches up by itself; look again in a while", "%d, and others are at %d", own, most)
	}
	return well("%d; others are at %d", own, most)
}

// wrongClock is more than the clocks of two machines differ that are kept by NTP; a vote is withheld for a block two seconds ahead.
const wrongClock = time.Second

// lookClock compares with the time of the head, which a quorum took for not ahead.
func (p *patient) lookClock(context.Context) finding {
	if p.state.Info == nil {
		return finding{}
	}
	head := time.UnixMilli(int64(p.state.Info.TimeMillis))
	if ahead := time.Until(head); ahead > wrongClock {
		return bad("set it, and keep it by NTP: the node withholds its votes", "the last block is of %s from now: this machine's clock is behind", ahead.Round(time.Millisecond))
	}
	return well("the last block is of %s ago", time.Since(head).Round(time.Second))
}

func (p *patient) lookEvidence(ctx context.Context) finding {
	if p.state.Info == nil || p.genesis == nil {
		return finding{}
	}
	cases := 0
	asked := p.others(ctx, func(ctx context.Context, c *client.Client) error {
		for _, g := range chainsOf(p.genesis) {
			list, err := c.Evidence(ctx, g.Chain)
			if err != nil {
				return err
			}
			for _, e := range list.Evidence {
				if slices.ContainsFunc(e.Guilty, func(s client.GuiltySeat) bool { return s.Member == p.card.Node }) {
					cases++
				}
			}
		}
		return nil
	})
	if cases > 0 {
		return bad("see whether its key runs twice, or a backup was started without --restored: thinkey evidence list", "others have %s against this node", count(cases, "case"))
	}
	return well("%s asked, none has any against this node", count(asked, "other member"))
}
