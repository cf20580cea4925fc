package cli

import (
	"os/exec"
	"testing"
)

// A process is the node of a home while it is there, and no other is that has its number, or that has ended.
func TestRunning(t *testing.T) {
	h := nodeHome(t.TempDir())
	cmd := exec.Command("sh", "-c", "read line")
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	is := func(want bool, when string) {
		t.Helper()
		if p, ok := h.running(); ok != want || ok && p.PID != cmd.Process.Pid {
			t.Errorf("%s: %+v, %t", when, p, ok)
		}
	}
	is(false, "before anything is said")
	mark, ok := markOf(cmd.Process.Pid)
	for _, said := range []processID{{cmd.Process.Pid, mark + "1"}, {0, ""}, {-1, ""}} {
		if err := h.isRunBy(said); err != nil {
			t.Fatal(err)
		}
		is(false, "of another process")
	}
	if err := h.isRunBy(processID{cmd.Process.Pid, mark}); err != nil || !ok {
		t.Fatal(ok, err)
	}
	is(true, "while it is there")
	if _, twice := markOf(cmd.Process.Pid); !twice {
		t.Error("it has no mark any more")
	}
	_ = in.Close()
	if err := awaitNode(t.Context(), startTime, func() bool { _, ok := h.running(); return !ok }); err != nil {
		t.Errorf("after it has ended, and nobody has looked after it: %v", err)
	}
	_ = cmd.Wait()
	is(false, "in the end")
}

// Others are told of an address for users only if they reach it.
func TestUsersAt(t *testing.T) {
	for _, c := range []struct{ transport, advertised, api, want string }{
		{"127.0.0.1:7171", "", "127.0.0.1:7070", "127.0.0.1:7070"},
		{"127.0.1.2:7171", "127.0.0.1:7171", "127.0.1.2:7070", "127.0.1.2:7070"},
		{"localhost:7171", "", "127.0.0.1:7070", "127.0.0.1:7070"},
		{"192.0.2.1:7171", "", "127.0.0.1:7070", ""},
		{"192.0.2.1:7171", "", "[::1]:7070", ""},
		{"192.0.2.1:7171", "", "192.0.2.1:7070", "192.0.2.1:7070"},
		{"192.0.2.1:7171", "", "0.0.0.0:7070", "192.0.2.1:7070"},
		{"0.0.0.0:7171", "node.example:7171", "[::]:7070", ""},
		{"[2001:db8::1]:7171", "", "[::]:7070", "[2001:db8::1]:7070"},
	} {
		n := nodeConfig{Transport: c.transport, AdvertiseTransport: c.advertised}
		if got := n.usersAt(c.api); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
