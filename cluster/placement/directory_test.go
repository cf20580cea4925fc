package placement

import (
	"testing"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Who says that it is where another one is has no place there, before the other one as little as behind it: answers to it would go to that one. When that one
// moves the place is free.
func TestNobodyTakesAnAddress(t *testing.T) {
	at := func(key byte, port uint16) Node {
		return Node{Record: mesh.Record{Node: keys.PublicKey{key}, Transport: "192.0.2.1:7171", Actors: port}}
	}
	where := func(d *directory, key byte) string { return d.address(keys.PublicKey{key}) }
	first := newDirectory([]Node{at(5, 10), at(7, 11)}, nil)
	for _, thief := range []byte{1, 9} {
		d := newDirectory([]Node{at(thief, 10), at(5, 10), at(7, 11)}, first)
		if d = newDirectory([]Node{at(7, 11), at(5, 10), at(thief, 10)}, d); where(d, thief) != "" || where(d, 5) != "192.0.2.1:10" || where(d, 7) != "192.0.2.1:11" || len(d.list) != 2 {
			t.Errorf("node %d is at %q, node 5 at %q", thief, where(d, thief), where(d, 5))
		}
		if d = newDirectory([]Node{at(thief, 10), at(5, 12)}, d); where(d, thief) != "192.0.2.1:10" || where(d, 5) != "192.0.2.1:12" {
			t.Errorf("after it has moved: %q, %q", where(d, thief), where(d, 5))
		}
	}
}
