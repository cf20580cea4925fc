package cli

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// Ports of networks are apart from those that the system gives to connections, and from each other's, also while no node runs; those of a
// network that was deleted are free again.
func TestTakePorts(t *testing.T) {
	const each, networks = 64, 40
	dir := t.TempDir()
	home, listed := filepath.Join(dir, "own"), make([][]string, networks)
	var work sync.WaitGroup
	for i := range networks {
		work.Go(func() {
			list, err := takePorts(home, filepath.Join(dir, "net"+strconv.Itoa(i)), each)
			if err != nil || len(list) != each {
				t.Errorf("%d ports, %v", len(list), err)
			}
			listed[i] = list
		})
	}
	work.Wait()
	all := slices.Concat(listed...)
	for _, at := range all {
		_, text, err := net.SplitHostPort(at)
		if port, bad := strconv.Atoi(text); err != nil || bad != nil || port < firstPort || port > lastPort {
			t.Errorf("%s is not in the range", at)
		}
	}
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != each*networks {
		t.Errorf("%d of %d ports are different ones", n, each*networks)
	}

	if err := os.RemoveAll(filepath.Join(dir, "net0")); err != nil {
		t.Fatal(err)
	}
	taken, err := readPorts(home)
	if n := len(taken); n != each*(networks-1) || err != nil {
		t.Errorf("%d ports are taken, %v, where %d networks have %d each", n, err, networks-1, each)
	}
	if left, err := os.ReadDir(home); len(left) != 2 || err != nil {
		t.Errorf("%v is left in the directory, %v", left, err)
	}
}

// A directory of the name that others can write to, or that leads elsewhere, is not used, whoever made it: who has the lock open could hold it for ever.
func TestPortsOfOthers(t *testing.T) {
	dir := t.TempDir()
	open, link, net := filepath.Join(dir, "open"), filepath.Join(dir, "link"), filepath.Join(dir, "net")
	if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, 0o777), os.Symlink(t.TempDir(), link)); err != nil {
		t.Fatal(err)
	}
	homes := []string{open, link}
	if os.Geteuid() == 0 {
		another := filepath.Join(dir, "another")
		if err := errors.Join(os.Mkdir(another, 0o700), os.Chown(another, 12345, 12345)); err != nil {
			t.Fatal(err)
		}
		homes = append(homes, another)
	}
	for _, home := range homes {
		if list, err := takePorts(home, net, 1); !errors.Is(err, errNotOwn) || isThere(net) {
			t.Errorf("%s: %v, %v", home, list, err)
		}
	}
}
