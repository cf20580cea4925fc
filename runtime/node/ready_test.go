package node

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// patience is how long a test waits for what must come: on a machine that does much else, under the race detector, that may be minutes.
const patience = 5 * time.Minute

// final submits messages one after the other, and waits for each.
func final(t *testing.T, n *Node, messages ...*chain.Message) {
	t.Helper()
	for _, m := range messages {
		if a := n.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
			t.Fatalf("%s: %v", m.Method, a.Refused)
		}
		awaitFinal(t, n, m.ID())
	}
}

func awaitFinal(t *testing.T, n *Node, id chain.MessageID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if m, err := n.Await(ctx, id); err != nil || m.Final == nil {
		t.Fatalf("message %s: %+v, %v", id, m, err)
	}
}

// While code is being compiled, who deploys it or calls it waits, and nobody else: all other messages become final.
func TestBlocksWhileCompiling(t *testing.T) {
	c, engine := withCode(testConfig(t, priced(1, 2, 3), "", Pace{}), nil)
	c.Heartbeat = time.Hour // no block but those that messages make
	n := open(t, c)
	defer closeNode(t, n)
	in := module("tally", "slow", 0)
	end := engine.compile(in.Hash())
	final(t, n, publishing(n, 1, 0, in), payment(n, 2, 3, 1, 0), payment(n, 2, 3, 1, 1))
	deploy, made := deploying(n, 1, 1, in.Hash(), 0)
	if a := n.Submit([][]byte{deploy.Encode()})[0]; a.Refused != nil {
		t.Fatal(a.Refused)
	}
	final(t, n, payment(n, 2, 3, 1, 2), payment(n, 3, 2, 1, 0))
	if at, err := n.Account(testAddress(1)); err != nil || at.Account.Nonce != 1 || n.Waiting() != 1 {
		t.Errorf("account 1 is %+v, %v, %d wait", at.Account, err, n.Waiting())
	}
	n.madeWithout(t, IfAny, false)
	n.madeWithout(t, IfLeft, true)
	end() // nothing else happens: this alone makes the block due
	awaitFinal(t, n, deploy.ID())

	// It is lost, and called. That is seen only when the call is in a block: it comes out again.
	relay := module("tally", "relay", 0)
	final(t, n, publishing(n, 3, 1, relay), payment(n, 2, 3, 1, 3), payment(n, 2, 3, 1, 4), command(n, 3, 2, 0, chain.MethodSetCode, chain.SetCodeInput{Code: relay.Hash()}.Encode()))
	end = engine.compile(in.Hash())
	calls := []*chain.Message{calling(n, 1, 2, 0, made, "put", "x"), calling(n, 2, 5, 0, testAddress(3), "call", string(made[:]))}
	for _, m := range calls {
		if a := n.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
			t.Fatal(a.Refused)
		}
	}
	final(t, n, payment(n, 3, 1, 1, 3), payment(n, 3, 1, 1, 4))
	if got := entries(t, n, made); got != "0" || n.Waiting() != 2 {
		t.Errorf("code that is being compiled has made %s entries, %d messages wait", got, n.Waiting())
	}
	n.madeWithout(t, IfAny, false)
	n.madeWithout(t, IfLeft, true)
	if _, queue, err := n.before().Queue(); err != nil || len(queue) > 0 {
		t.Errorf("%d messages are in the queue, error %v", len(queue), err)
	}
	end()
	for _, m := range calls {
		awaitFinal(t, n, m.ID())
	}
	if got := entries(t, n, made); got != "1" {
		t.Errorf("once it is compiled, it has made %s entries", got)
	}
}

// madeWithout holds whether a block is made while all that waits is left for later.
func (n *Node) madeWithout(t *testing.T, need Need, want bool) {
	t.Helper()
	n.turn.Lock()
	defer n.turn.Unlock()
	b, err := n.build(wish{need: need})
	if err == nil && b != nil {
		err = n.commit(b.tag, b.result, nil)
	}
	if err != nil || (b != nil) != want {
		t.Errorf("need %d: made a block: %v, want %v; error %v", need, b != nil, want, err)
	}
}

// entries is how many a tally has.
func entries(t *testing.T, n *Node, tally chain.Address) string {
	t.Helper()
	a, _, err := n.Query(t.Context(), tally, exec.Question{Method: "count"})
	if err != nil || a.Status != chain.StatusOK {
		t.Fatal(a, err)
	}
	count, _, _ := strings.Cut(string(a.Output), " ")
	return count
}

// A disk that fails while code is made ready stops the node, as it does when the code is run.
func TestCompilingFails(t *testing.T) {
	broken, failed := errors.New("the disk is gone"), make(chan error, 1)
	config := testConfig(t, priced(1), "", Pace{})
	config.Fatal = func(err error) { failed <- err }
	c, engine := withCode(config, nil)
	n := open(t, c)
	defer closeNode(t, n)
	in := module("tally", "", 0)
	engine.compile(in.Hash())
	final(t, n, publishing(n, 1, 0, in), payment(n, 1, 1, 1, 1), payment(n, 1, 1, 1, 2))
	deploy, _ := deploying(n, 1, 3, in.Hash(), 0)
	if a := n.Submit([][]byte{deploy.Encode()})[0]; a.Refused != nil {
		t.Fatal(a.Refused)
	}
	for engine.told(in.Hash()) == nil {
		runtime.Gosched()
	}
	engine.told(in.Hash())(broken)
	if err := <-failed; !errors.Is(err, broken) {
		t.Errorf("failed with %v", err)
	}
}
