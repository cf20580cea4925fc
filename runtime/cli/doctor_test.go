package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/thinkey/thinkey/cluster/transport"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

// A node that knows others, and none of them as a member, was away while the committee changed: the doctor says how it finds back.
func TestDoctorKnowsNoMember(t *testing.T) {
	g := &chain.Genesis{}
	g.Chains = []chain.Genesis{{}} // the others have seats on another chain alone
	g.Chains[0].Committee.Seats = []chain.Seat{{Node: keys.PublicKey{1}}, {Node: keys.PublicKey{2}}, {Node: keys.PublicKey{3}}}
	p := &patient{home: "h", genesis: g, state: nodeState{State: nodeUp, Peers: []client.Peer{{Connected: true}}}}
	if f := p.lookPeers(t.Context()); f.State != isBad || !strings.Contains(f.Do, "trusted") {
		t.Errorf("%+v", f)
	}
	p.state.Peers = nil
	if f := p.lookPeers(t.Context()); f.State != isBad || !strings.Contains(f.Do, "seeds") {
		t.Errorf("%+v", f)
	}
	p.state.Peers = []client.Peer{{Connected: true, Member: true}, {Member: true, Connected: true}, {Member: true, Connected: true}}
	if f := p.lookPeers(t.Context()); f.State != isWell {
		t.Errorf("%+v", f)
	}
}

// A key that others met at a second address is told of: by the doctor, in the list of the cluster, and in the API's words.
func TestTwinIsTold(t *testing.T) {
	own, others := keys.FromSeed([32]byte{1}).Public(), keys.FromSeed([32]byte{2}).Public()
	seen := peerOf(node.Neighbour{Peer: transport.Peer{Key: own, Connected: true}, Known: true, Alive: true, Conflicts: 3})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(client.Peers{Self: client.Peer{Node: others}, Peers: []client.Peer{{Node: keys.PublicKey{9}, Conflicts: 7}, seen}})
	}))
	defer server.Close()
	p := &patient{card: nodeCard{Node: own}, state: nodeState{State: nodeUp, Peers: []client.Peer{{Node: others, Member: true, API: server.URL}}}}
	if f := p.lookTwin(t.Context()); f.State != isOdd || !strings.Contains(f.Words, "another address as well, 3 times") || !strings.Contains(f.Do, "second process") {
		t.Errorf("%+v", f)
	}
	if p.card.Node = others; p.lookTwin(t.Context()).State != isWell {
		t.Error("it is held against another node")
	}
	if n := (&clusterNode{State: nodeHidden, Connected: true, Conflicts: seen.Conflicts}); !strings.Contains(n.state(), "at two addresses") {
		t.Error(n.state())
	}
}

// A node that begins with a snapshot serves nobody yet, and isn't down: the doctor says so, its key isn't taken elsewhere meanwhile, and it can be stopped.
func TestJoiningIsNoDown(t *testing.T) {
	h := nodeHome(t.TempDir())
	cmd := exec.Command("sh", "-c", "read line")
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer in.Close()
	mark, _ := markOf(cmd.Process.Pid)
	if err := h.isRunBy(processID{cmd.Process.Pid, mark}); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(joiningNode{PID: cmd.Process.Pid, Chain: 2, Done: 3, Total: 9})
	if err == nil {
		err = os.WriteFile(h.file(joiningFile), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &patient{home: h}
	if f := p.lookProcess(t.Context()); f.State != isOdd || !strings.Contains(f.Words, "begins with a snapshot: chain 2, 3 of 9 pieces") || !strings.Contains(f.Do, "node status") {
		t.Errorf("%+v", f)
	}
	if err := stopped(h); err == nil {
		t.Error("a signer is moved away from it")
	}
	if err := endNode(t.Context(), h, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("nothing ended it")
	}
	if err := stopped(h); err != nil {
		t.Error(err)
	}
}

// A seat on a chain that the node doesn't run votes for nothing: the doctor says so.
func TestDoctorKnowsIdleSeat(t *testing.T) {
	home, file, cards, nodes := draft(t, "main(a(a1),b)", 1)
	if a := run(t, home, "genesis", "add-node", file, cards[0]); a.code != 0 {
		t.Fatalf("%+v", a)
	}
	for want, chains := range map[string][]uint32{
		"seats from the start: 1 of 1 on main, 1 of 1 on a, 1 of 1 on a1, 1 of 1 on b": {},
		"that this node doesn't run: a1, b":                                            {1, 2},
		"chain 3 stands under chain 2":                                                 {1, 3},
	} {
		p := &patient{home: nodeHome(home), config: nodeConfig{Genesis: genesisFile, Chains: chains}, card: nodes[0]}
		if f := p.lookGenesis(t.Context()); !strings.Contains(f.Words, want) {
			t.Errorf("%v: %+v", chains, f)
		}
	}
}
