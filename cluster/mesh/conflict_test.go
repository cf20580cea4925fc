package mesh

import (
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/keys"
)

// A conflict that lasts makes one line in a while for its node, and as many nodes as there may be take bounded room.
func TestConflictsAreBounded(t *testing.T) {
	m := &Mesh{conflicts: map[keys.PublicKey]*conflict{}}
	now, lines, last := time.Unix(1, 0), 0, uint64(0)
	for range 1000 { // a minute and 40 seconds
		if unsaid, say := m.moved(keys.PublicKey{1}, now); say {
			lines, last = lines+1, unsaid
		}
		now = now.Add(100 * time.Millisecond)
	}
	if lines != 10 || last != 99 || m.Conflicts()[keys.PublicKey{1}] != 1000 {
		t.Errorf("%d lines, the last after %d without, of %d conflicts", lines, last, m.Conflicts()[keys.PublicKey{1}])
	}
	if _, say := m.moved(keys.PublicKey{2}, now); !say {
		t.Error("one node's conflicts hide another's")
	}
	for i := range 2 * maxConflicts {
		m.moved(keys.PublicKey{3, byte(i), byte(i >> 8)}, now)
	}
	if len(m.conflicts) != maxConflicts {
		t.Errorf("%d nodes are kept", len(m.conflicts))
	}
}

// A key that runs on two machines is seen by the others.
func TestKeyAtTwoAddresses(t *testing.T) {
	a := start(t, 1, nil)
	b := start(t, 2, nil, seeds(a))
	eventually(t, "they meet", func() bool { return sees(a, 2) && sees(b, 1) })
	start(t, 2, nil, seeds(a))
	key := testKey(2).Public()
	eventually(t, "somebody else sees it", func() bool { return a.Conflicts()[key] > 0 })
	if n := a.Counts()[CountConflict]; n == 0 || len(a.Conflicts()) != 1 {
		t.Errorf("%d counted, of %d nodes", n, len(a.Conflicts()))
	}
}
