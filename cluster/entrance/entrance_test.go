package entrance

import (
	"fmt"
	"net"
	"testing"
)

// Addresses that one holder has anyway, or that are one address written otherwise, have one share.
func TestHost(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7":               "192.0.2.7",
		"::ffff:192.0.2.7":        "192.0.2.7",
		"::ffff:c000:207":         "192.0.2.7",
		"2001:db8:1:2::1":         "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff:1:2:3": "2001:db8:1:2::/64",
		"2001:0DB8:1:2:0:0:0:0":   "2001:db8:1:2::/64",
		"2001:db8:1:3::1":         "2001:db8:1:3::/64",
		"fe80::1%eth0":            "fe80::/64",
		"::1":                     "::/64",
		"2001:db8:1:2::/64":       "2001:db8:1:2::/64", // it is one
		"node.example":            "node.example",
		"":                        "",
	} {
		if got := Host(addr); got != want {
			t.Errorf("%q: %q, want %q", addr, got, want)
		}
	}
	for addr, want := range map[net.Addr]string{
		&net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 5}:               "192.0.2.7",
		&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0", Port: 5}: "fe80::/64",
		&net.UnixAddr{Name: "@x"}:                                       "@x",
	} {
		if got := From(end{addr: addr}); got != want {
			t.Errorf("%v: %q, want %q", addr, got, want)
		}
	}
}

type end struct {
	net.Conn
	addr net.Addr
}

func (e end) RemoteAddr() net.Addr { return e.addr }

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

// Addresses behind one half have one share; whether a node is expected there is asked of the address as it is.
func TestSharesOfHalves(t *testing.T) {
	asked := map[string]bool{}
	e := New(100, 2, func(host string) bool { asked[host] = true; return false })
	for i, want := range []bool{true, true, false} {
		if _, ok := e.Enter(fmt.Sprintf("2001:db8::%d", i)); ok != want {
			t.Errorf("connection %d: %t", i, ok)
		}
	}
	if _, ok := e.Enter("2001:db8:0:1::1"); !ok || !asked["2001:db8::1"] {
		t.Errorf("another half: %t; asked: %v", ok, asked)
	}
}
