package api

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// Who is refused is told why; once it is waited for those who are told, nobody is any more, and the connection is closed at once: an Accept may be
// under way then, and what it begins would be waited for by nobody.
func TestDoorEnds(t *testing.T) {
	d := newDoor(nil, 1, 1)
	refused := func() string {
		near, far := net.Pipe()
		defer far.Close()
		read := make(chan string)
		go func() {
			_ = far.SetDeadline(time.Now().Add(5 * time.Minute))
			said, _ := io.ReadAll(far)
			read <- string(said)
		}()
		d.refuse(near, tooMany)
		return <-read
	}
	if said := refused(); !strings.Contains(said, "503") {
		t.Errorf("who is refused is told %q", said)
	}
	d.wait()
	if said := refused(); said != "" || len(d.lingering) != 0 {
		t.Errorf("nobody waits for who is told %q", said)
	}
}
