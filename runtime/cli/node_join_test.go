package cli

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A node that fetches a state isn't ended by systemd as long as it gets on, and says how far it is.
func TestJoiningHasTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	h, a := nodeHome(t.TempDir()), &app{log: slog.New(slog.DiscardHandler)}
	a.joinPlan(h, syncSnapshot, nil).Told(2, 1, 3, 1000)
	text := make([]byte, 100)
	err = socket.SetReadDeadline(time.Now().Add(time.Minute))
	n, wrong := socket.Read(text)
	if err := errors.Join(err, wrong); err != nil || string(text[:n]) != extendStart {
		t.Errorf("systemd is told %q, %v", text[:n], err)
	}
	if _, err := os.Stat(h.file(joiningFile)); err != nil {
		t.Error(err)
	}
}
