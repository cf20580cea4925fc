package node

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/keys"
)

// The first fault of a kind makes a line at once, and then one in a while says how many there were; other nodes and other kinds have
// lines of their own, but not without number.
func TestGrudges(t *testing.T) {
	g := newGrudges()
	now := time.Unix(1000, 0)
	say := func(who, what string, after time.Duration, unsaid int, ok bool) {
		t.Helper()
		if n, is := g.say(who, what, now.Add(after)); n != unsaid || is != ok {
			t.Errorf("%s, %s after %v: %d, %t", who, what, after, n, is)
		}
	}
	say("a", "lies", 0, 0, true)
	for range 1000 {
		say("a", "lies", time.Second, 0, false)
	}
	say("a", "junk", time.Second, 0, true)
	say("b", "lies", time.Second, 0, true)
	say("a", "lies", grudgePause-1, 0, false)
	say("a", "lies", grudgePause, 1001, true)
	say("a", "lies", grudgePause+1, 0, false)
	for i := range 2 * maxGrudges {
		g.say(fmt.Sprint(i), "lies", now.Add(grudgePause))
	}
	if len(g.known) > maxGrudges {
		t.Errorf("%d are remembered", len(g.known))
	}
	say("c", "lies", grudgePause+2, 0, false)
	say("c", "lies", 3*grudgePause, 0, true)
}

// A member that breaks rules without end makes few lines, and each fault is counted.
func TestRejectsMakeFewLines(t *testing.T) {
	r := newCommittee(t, 2)
	var out bytes.Buffer
	c := r.config(0, true)
	r.open(1, true)
	r.nodes[0] = open(t, c)
	w := r.nodes[0].member.watch
	w.log = slog.New(slog.NewTextHandler(&out, nil))
	one, _ := memberKeys(1)
	before := counted(t, r.nodes[0], "thinkey_consensus_rejected_total")
	for i := range 500 {
		w.Reject(bft.Reject{From: 1, Reason: "a certificate is none"})
		w.refused(one, undecodable, fmt.Errorf("byte %d: %w", i, errors.ErrUnsupported))
	}
	if lines := strings.Count(out.String(), "\n"); lines != 2 {
		t.Errorf("%d lines:\n%.500s", lines, out.String())
	}
	if got := counted(t, r.nodes[0], "thinkey_consensus_rejected_total"); got != before+1000 {
		t.Errorf("%v counted", got-before)
	}
	if !strings.Contains(out.String(), one.String()) {
		t.Errorf("whose fault it is is not said:\n%s", out.String())
	}
}

// aliens is a net on which everybody is a stranger.
type aliens struct{ Net }

func (aliens) Stranger(keys.PublicKey) bool { return true }
func (aliens) Registered() bool             { return true }

// Strangers, who have as many keys as they like, make no lines that people look at, and don't take those of members.
func TestStrangersMakeNoLines(t *testing.T) {
	var said bytes.Buffer
	w := &watch{log: slog.New(slog.NewTextHandler(&said, nil)), grudges: newGrudges(), node: &Node{member: &member{Member: Member{Net: aliens{}}}}}
	for i := range 2 * maxGrudges {
		w.blame(keys.PublicKey{byte(i), byte(i >> 8)}, notPublic, "junk")
	}
	if said.Len() > 0 || len(w.grudges.known) > 0 {
		t.Errorf("%d bytes are said, and %d grudges kept", said.Len(), len(w.grudges.known))
	}
	w.node.member.Net = struct{ Net }{}
	if w.blame(keys.PublicKey{1}, notPublic, "junk"); !strings.Contains(said.String(), "broke a rule") {
		t.Errorf("of a member is said %q", said.String())
	}
}
