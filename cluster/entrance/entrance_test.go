package entrance

import (
	"fmt"
	"testing"
)

// One address gets no more than its share, and those of one kind keep out none of the other.
func TestEntrance(t *testing.T) {
	expected := map[string]bool{"node": true}
	e := New(6, 4, func(host string) bool { return expected[host] })
	var leaves []func()
	enter := func(host string, want bool) {
		t.Helper()
		leave, ok := e.Enter(host)
		if ok != want {
			t.Errorf("%s: %t", host, ok)
		}
		if ok {
			leaves = append(leaves, leave)
		}
	}
	for i := range 5 {
		enter("a", i < 4)
	}
	for i := range 4 {
		enter(fmt.Sprint("b", i), i < 2)
	}
	for i := range 5 {
		enter("node", i < 4)
	}
	expected["a"] = true // it has its places still, as what it was
	enter("a", false)
	enter("c", false)
	leaves[0]()
	enter("c", true)
	enter("a", true)
	if e.Open() != 11 {
		t.Error(e.Open())
	}
	for _, leave := range leaves[1:] {
		leave()
	}
	if len(e.open) != 0 || e.Open() != 0 {
		t.Errorf("%v %v", e.open, e.all)
	}
}
