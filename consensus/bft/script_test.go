package bft_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

var update = flag.Bool("update", false, "write what the scripts in testdata print instead of comparing with it")

// TestScripts runs testdata/*.txt. A script is a list of steps; each is some lines, "----", and what the replicas do, up to
// a blank line. Seat i is node i unless nodes says otherwise, and leads in that order. Blocks are named by the order in which
// they are seen: A, B, …
//
//	nodes 1 1 1 1 [silent 1]   seats of each node: begins the script
//	due 0                      a block is wanted at node 0
//	build 0 [nothing]          what node 0 asked to have built is there
//	change 0 1 1               the next block that is built ends the epoch; seats of each node in the next one
//	valid 1 2 | invalid 1      what node 1 is replaying is that
//	deliver [KIND] [0>1 …]     messages under way arrive: all, or those of a kind, or from one node to another; * is any node
//	drop [KIND] [0>1 …]        they never do
//	serve 0                    what node 0 is to serve leaves; one block fits into a message
//	late 1 2 | again 1         the round's timer runs out at nodes 1 and 2; the other one
//	crash 1 | lost 1           node 1 starts again from its disk, or without one
//	twin 0 KIND                node 0 says something else of its last message of the kind to who has not heard it
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatal(len(files), "scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, names: map[chain.BlockHash]string{}}
	var out strings.Builder
	for text := string(b); text != ""; {
		in, rest, found := strings.Cut(text, "\n----\n")
		if !found {
			t.Fatalf("%s ends without ----: %q", file, text)
		}
		if _, text, found = strings.Cut("\n"+rest, "\n\n"); !found {
			text = ""
		}
		s.out.Reset()
		for _, line := range strings.Split(in, "\n") {
			if line != "" && line[0] != '#' {
				s.do(strings.Fields(line))
			}
		}
		fmt.Fprintf(&out, "%s\n----\n%s", in, s.out.String())
		if text != "" {
			out.WriteByte('\n')
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if out.String() != string(b) {
		t.Errorf("%s prints\n%s\nread the difference, then: go test ./consensus/bft -run TestScripts -update", file, out.String())
	}
}

// resendMillis is a pause between two times that something is repeated; longer ones are shown.
const resendMillis = 300

type script struct {
	t          *testing.T
	committees map[chain.Hash]*light.Committee
	first      chain.Hash // of the committee at genesis
	change     chain.Hash // of the committee that the next block names; zero for none
	nodes      []*scripted
	underway   []sent
	names      map[chain.BlockHash]string
	out        strings.Builder
	clock      uint64
}

type scripted struct {
	replica *bft.Replica
	roster  *bft.Roster
	epoch   uint64
	safety  bft.Safety
	bodies  []bft.Body
	head    bft.Head
	finals  []bft.Final // from height 1 on
	serve   []bft.Serve
	build   *bft.Build
	verify  []bft.Proposed
	timers  map[bft.Kind]bft.Timer
	said    map[string]bft.Message
}

type sent struct {
	from, to int
	epoch    uint64
	m        bft.Message
}

func (s *script) do(words []string) {
	nodes := func() (list []int) {
		for _, w := range words[1:] {
			if n, err := strconv.Atoi(w); err == nil {
				list = append(list, n)
			}
		}
		return list
	}
	switch words[0] {
	case "nodes":
		s.begin(words[1:])
		return
	case "change":
		s.change = s.add(0, nodes()...).Hash()
		return
	case "deliver", "drop":
		for _, m := range s.pick(words[1:]) {
			if words[0] == "deliver" {
				from, _ := s.nodes[m.to].roster.Number(nodeKey(m.from))
				s.step(m.to, bft.Received{From: from, Epoch: m.epoch, Message: m.m})
			}
		}
		return
	case "twin":
		s.twin(nodes()[0], words[2])
		return
	}
	for _, i := range nodes() {
		n := s.nodes[i]
		switch words[0] {
		case "due":
			s.step(i, bft.Due{})
		case "build":
			s.built(i, words[len(words)-1] == "nothing")
		case "valid", "invalid":
			verdict := bft.Valid
			if words[0] == "invalid" {
				verdict = bft.Invalid
			}
			all := n.verify
			n.verify = nil
			for _, p := range all {
				s.step(i, bft.Verified{Block: p.Hash, Verdict: verdict})
			}
		case "serve":
			for _, x := range n.serve {
				s.send(i, bft.Send{To: x.To, Message: &bft.Finals{Blocks: n.finals[x.From-1 : x.From]}})
			}
			n.serve = nil
		case "late":
			s.step(i, bft.Expired{Timer: n.timers[bft.RoundTimer]})
		case "again":
			s.step(i, bft.Expired{Timer: n.timers[bft.ResendTimer]})
		case "crash":
			s.boot(i, n.safety)
		case "lost":
			n.bodies = nil
			s.boot(i, bft.Lost())
		default:
			s.t.Fatalf("unknown line %q", words)
		}
	}
}

func (s *script) begin(words []string) {
	var perNode []int
	silent := 0
	for i, w := range words {
		n, err := strconv.Atoi(w)
		switch {
		case w == "silent":
		case err != nil:
			s.t.Fatal(err)
		case i > 0 && words[i-1] == "silent":
			silent = n
		default:
			perNode = append(perNode, n)
		}
	}
	s.committees = map[chain.Hash]*light.Committee{}
	s.first = s.add(uint32(silent), perNode...).Hash()
	for i := range perNode {
		header := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Committee: s.first, Next: s.first}
		s.nodes = append(s.nodes, &scripted{head: bft.Head{Header: header, Hash: header.Hash()}, said: map[string]bft.Message{}})
		s.boot(i, bft.Safety{})
	}
	s.out.Reset()
	s.underway = nil
}

// add makes the committee of the next epoch.
func (s *script) add(silent uint32, perNode ...int) *light.Committee {
	c, err := light.NewCommitteeWith(chain.NetworkID{1}, chain.Committee{
		Chain: 1, Epoch: uint64(len(s.committees)), Silent: silent, Seats: seats(perNode...),
	}, tags{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.committees[c.Hash()] = c
	return c
}

// nodeKey is the key of a node as seats has it.
func nodeKey(i int) (k keys.PublicKey) {
	k[0], k[1] = byte(i+1), 1
	return k
}

// config is that of a node's replica in the epoch that its head begins, or is in.
func (s *script) config(i int) bft.Config {
	n := s.nodes[i]
	c := s.committees[n.head.Header.Next]
	own := c.Held(nodeKey(i))
	n.roster, n.epoch = bft.NewRoster(c), c.Epoch()
	config := bft.Config{
		Committee: c, Leaders: inOrder(c.Quorums().Seats), Me: n.roster.Member(nodeKey(i)), PatienceMillis: 1000, ResendMillis: resendMillis,
		Sign: func(d keys.BLSDomain, m []byte) committee.Part { return tags{}.part(d, m, own) },
	}
	for _, f := range n.finals {
		if h, err := chain.DecodeBlockHeader(f.Raw); err == nil && h.Next == c.Hash() && h.Committee != c.Hash() {
			config.Begins, config.Former = h.Height+1, s.committees[h.Committee]
		}
	}
	return config
}

// known is the number in the script of a peer.
func (n *scripted) known(p bft.Peer) int {
	key, _ := n.roster.Node(p)
	return int(key[0]) - 1
}

// inOrder makes seats lead in the order of their numbers: it tries seeds until the shuffle is that.
func inOrder(n int) *committee.Leaders {
	for seed := uint64(0); ; seed++ {
		l := committee.NewLeaders(chain.Hash{byte(seed), byte(seed >> 8), byte(seed >> 16)}, n)
		ok := true
		for r := range n {
			ok = ok && l.Leader(committee.Turn{Height: 1, Round: uint32(r)}) == uint32(r)
		}
		if ok {
			return l
		}
	}
}

func (s *script) boot(i int, safety bft.Safety) {
	n := s.nodes[i]
	n.verify, n.build, n.timers = nil, nil, map[bft.Kind]bft.Timer{}
	n.replica = bft.New(s.config(i), n.head, safety, n.bodies)
	s.step(i, bft.Start{})
}

func (s *script) built(i int, nothing bool) {
	n := s.nodes[i]
	b := n.build
	if b == nil {
		s.t.Fatalf("node %d builds nothing", i)
	}
	n.build = nil
	ev := bft.Built{Parent: b.Parent, Round: b.Round}
	if !nothing {
		s.clock++
		h := n.replica.Head().Header
		header := chain.Header{
			Network: h.Network, Chain: h.Chain, Height: b.Height, Round: b.Round, Proposer: b.Proposer, Parent: b.Parent, TimeMillis: s.clock,
			Epoch: n.epoch, Committee: h.Next, Next: h.Next,
		}
		if s.change != (chain.Hash{}) {
			header.Next, s.change = s.change, chain.Hash{}
		}
		ev.Raw = (&chain.Block{Header: header}).Append(nil)
	}
	s.step(i, ev)
}

// pick takes what is under way and meant: by kind, and by pairs from>to.
func (s *script) pick(words []string) (list []sent) {
	var left []sent
	for _, m := range s.underway {
		kind, pair := true, true
		for _, w := range words {
			if from, to, ok := strings.Cut(w, ">"); !ok {
				kind = w == kindOf(m.m)
			} else if pair = false; (from == "*" || from == strconv.Itoa(m.from)) && (to == "*" || to == strconv.Itoa(m.to)) {
				pair = true
				break
			}
		}
		if kind && pair {
			list = append(list, m)
		} else {
			left = append(left, m)
		}
	}
	s.underway = left
	return list
}

func (s *script) step(i int, ev bft.Event) {
	n := s.nodes[i]
	e := n.replica.Step(ev)
	if e.Persist != nil {
		n.safety = *e.Persist
		s.say(i, "keeps %s", s.safety(e.Persist))
	}
	if e.Body != nil {
		n.bodies = append(n.bodies, *e.Body)
	}
	for _, m := range e.Send {
		s.send(i, m)
	}
	for _, f := range e.Commit {
		h, err := chain.DecodeBlockHeader(f.Raw)
		if err != nil {
			s.t.Fatal(err)
		}
		n.head, n.finals = bft.Head{Header: h, Hash: h.Hash(), Certificate: &f.Certificate}, append(n.finals, f)
		s.say(i, "commits %s at %d, %s", s.name(f.Certificate.Block), h.Height, s.certificate(&f.Certificate))
	}
	for _, p := range e.Verify {
		n.verify = append(n.verify, p)
		s.say(i, "replays %s", s.name(p.Hash))
	}
	if e.Build != nil {
		n.build = e.Build
		s.say(i, "builds for %d/%d%s", e.Build.Height, e.Build.Round, failures(e.Build.Failed))
	}
	for _, t := range e.Timers {
		n.timers[t.Kind] = t
		if t.Kind == bft.ResendTimer && t.Millis > resendMillis {
			s.say(i, "repeats that in %d ms", t.Millis)
		}
	}
	n.serve = append(n.serve, e.Serve...)
	for _, x := range e.Serve {
		s.say(i, "serves %d from %d", n.known(x.To), x.From)
	}
	for _, r := range e.Reject {
		s.say(i, "rejects %d: %s", n.known(r.From), r.Reason)
	}
	for _, v := range e.Evidence {
		s.say(i, "accuses %d", n.known(v.From))
	}
	for _, b := range e.Backed {
		if err := s.committees[n.head.Header.Next].Voted(b.Claim.Vote, b.Claim.Signature, b.Claim.Seats); err != nil {
			s.t.Fatal(err)
		}
		s.say(i, "has it from %d, whose seats are %v, that %s is fine", n.known(b.From), slices.Collect(b.Claim.Seats.Ascending()), s.name(b.Claim.Vote.Block))
	}
	if e.Halt != nil {
		s.say(i, "halts: %s", e.Halt.Reason)
	}
	if e.Over {
		n.bodies = nil
		n.replica = n.replica.Next(s.config(i))
		s.say(i, "begins epoch %d", n.epoch)
		s.step(i, bft.Start{})
	}
}

// failures are the records of failed rounds that the next block is to carry.
func failures(failed []chain.Timeouts) (text string) {
	for i := range failed {
		height, round := failed[i].Failed()
		text += fmt.Sprintf(", %d/%d failed", height, round)
	}
	return text
}

func (s *script) send(i int, m bft.Send) {
	n := s.nodes[i]
	n.said[kindOf(m.Message)] = m.Message
	to, all := "all", m.To == bft.Everyone
	if !all {
		to = strconv.Itoa(n.known(m.To))
	}
	s.say(i, "%s to %s", s.describe(m.Message), to)
	for k := range s.nodes {
		if k != i && (all || n.known(m.To) == k) {
			s.underway = append(s.underway, sent{i, k, n.epoch, m.Message})
		}
	}
}

func (s *script) say(i int, format string, args ...any) {
	fmt.Fprintf(&s.out, "%d %s\n", i, fmt.Sprintf(format, args...))
}

// twin replaces what of a node's last message of a kind is still under way by one that contradicts it.
func (s *script) twin(i int, kind string) {
	nd := &node{net: &net{committee: s.committees[s.first], nodes: make([]*node, len(s.nodes))}, me: i}
	for _, m := range equivocate(nd, bft.Send{To: bft.Everyone, Message: s.nodes[i].said[kind]}) {
		for k := range s.underway {
			if u := &s.underway[k]; u.from == i && int(m.To) == u.to && kindOf(u.m) == kind {
				u.m = m.Message
			}
		}
		s.name(blockOf(m.Message))
	}
}

func blockOf(m bft.Message) (h chain.BlockHash) {
	switch m := m.(type) {
	case *bft.Proposal:
		return m.Vote.Block
	case *bft.Vote:
		return m.Block
	}
	return h
}

func kindOf(m bft.Message) string {
	if v, ok := m.(*bft.Vote); ok {
		return map[chain.Step]string{chain.Preparation: "preparation", chain.Confirmation: "confirmation"}[v.Step]
	}
	return strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", m), "*bft."))
}

func (s *script) describe(m bft.Message) string {
	kind := kindOf(m)
	switch m := m.(type) {
	case *bft.Proposal:
		if m.Why != nil {
			return fmt.Sprintf("%s %s for %d/%d, %s", kind, s.name(m.Vote.Block), m.Vote.Height, m.Vote.Round, s.describe(m.Why))
		}
		return fmt.Sprintf("%s %s for %d/%d", kind, s.name(m.Vote.Block), m.Vote.Height, m.Vote.Round)
	case *bft.Vote:
		return fmt.Sprintf("%s %s in %d/%d", kind, s.name(m.Block), m.Height, m.Round)
	case *bft.Timeout:
		return fmt.Sprintf("%s %s", kind, s.timeout(&m.Timeout))
	case *bft.Justification:
		var list []string
		for _, said := range m.Said {
			list = append(list, fmt.Sprintf("%v by %v", s.timeout(&said.Timeout), slices.Collect(said.Seats.Ascending())))
		}
		return kind + " (" + strings.Join(list, ", ") + ")"
	case *bft.Certified:
		return fmt.Sprintf("%s %s in %d, %s", kind, s.name(m.Certificate.Block), m.Certificate.Round, s.certificate(&m.Certificate))
	case *bft.Status:
		if m.Asks {
			return fmt.Sprintf("%s %d and asks for theirs", kind, m.Head)
		}
		return fmt.Sprintf("%s %d", kind, m.Head)
	case *bft.Fetch:
		return fmt.Sprintf("%s %s", kind, s.name(m.Block))
	case *bft.Want:
		return fmt.Sprintf("%s %d", kind, m.From)
	case *bft.Finals:
		return fmt.Sprintf("%s %s", kind, s.name(m.Blocks[0].Certificate.Block))
	}
	return kind
}

func (s *script) timeout(t *chain.Timeout) string {
	text := fmt.Sprintf("%d/%d", t.Height, t.Round)
	if !t.Highest.IsZero() {
		text += fmt.Sprintf(" highest %s in %d", s.name(t.Highest.Block), t.Highest.Round)
	}
	if !t.Last.IsZero() {
		text += fmt.Sprintf(" last %s in %d", s.name(t.Last.Block), t.Last.Round)
	}
	return text
}

func (s *script) safety(p *bft.Safety) string {
	var list []string
	if !p.Prepared.IsZero() {
		list = append(list, fmt.Sprintf("prepared %s in %d", s.name(p.Prepared.Block), p.Prepared.Round))
	}
	if p.Certificate != nil {
		list = append(list, fmt.Sprintf("certificate %s in %d", s.name(p.Certificate.Block), p.Certificate.Round))
	}
	if !p.Confirmed.IsZero() {
		list = append(list, fmt.Sprintf("confirmed %s in %d", s.name(p.Confirmed.Block), p.Confirmed.Round))
	}
	if p.Timeout != nil {
		list = append(list, fmt.Sprintf("timeout of %d", p.Timeout.Round))
	}
	if p.ResumeAt > 0 {
		list = append(list, fmt.Sprintf("resume at %d", p.ResumeAt))
	}
	return strings.Join(list, ", ")
}

func (s *script) certificate(c *chain.Certificate) string {
	step := map[chain.Step]string{chain.Preparation: "prepared", chain.Confirmation: "confirmed"}[c.Step]
	return fmt.Sprintf("%s by %v", step, slices.Collect(c.Bitmap.Ascending()))
}

func (s *script) name(h chain.BlockHash) string {
	if h == (chain.BlockHash{}) {
		return "none"
	}
	if _, ok := s.names[h]; !ok {
		s.names[h] = string(rune('A' + len(s.names)))
	}
	return s.names[h]
}
