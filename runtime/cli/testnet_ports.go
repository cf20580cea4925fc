package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	// Ports are drawn from below those that systems give to connections [32768 on], so that none of these takes one before its node does.
	firstPort, lastPort = 10_240, 32_767
	// triesForPort bounds how many are tried for each that is needed.
	triesForPort = 100
)

const (
	portsLock = "lock"  // is locked while the list is changed
	portsList = "ports" // is replaced as a whole: who is interrupted leaves the one before
)

// portsHome is where all test networks of this user on this machine write down their ports: a node's are its own while it is down, too.
func portsHome() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("thinkey-%d", os.Geteuid()))
}

// errNotOwn is a directory of the name in which somebody else could hold the lock, or write.
var errNotOwn = errors.New("it is not this user's alone")

// noPorts says why there are none, and what to do.
func noPorts(err error) error {
	if errors.Is(err, errNotOwn) {
		return failed("no_ports", "where test networks write down their ports: %v", err).do("see whose it is, or name another directory for temporary files: TMPDIR")
	}
	return failed("no_ports", "looking for free ports: %v", err).do("see who has so many")
}

// own makes a directory, if it isn't there, into which nobody else comes.
func own(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	is, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if of, ok := is.Sys().(*syscall.Stat_t); !ok || !is.IsDir() || is.Mode().Perm()&0o077 != 0 || int(of.Uid) != os.Geteuid() {
		return fmt.Errorf("%s: %w", dir, errNotOwn)
	}
	return nil
}

// takePorts are n loopback addresses that are free for TCP and UDP and belong to no other network whose directory is there. It makes the
// directory, which is what holds them: they are free again when it is deleted. Home is where they are written down.
func takePorts(home, dir string, n int) (list []string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := own(home); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(dir)
		}
	}()
	lock, err := os.OpenFile(filepath.Join(home, portsLock), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil { // until it is closed
		return nil, fmt.Errorf("locking %s: %w", lock.Name(), err)
	}
	taken, err := readPorts(home)
	if err != nil {
		return nil, err
	}
	if list, err = freePorts(n, taken); err != nil {
		return nil, err
	}
	for _, at := range list {
		taken[at] = dir
	}
	return list, writePorts(home, taken)
}

// readPorts is whose each address is, of networks whose directories are there. A line that isn't whole is nobody's.
func readPorts(home string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(home, portsList))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	taken := map[string]string{}
	for line := range strings.Lines(string(text)) {
		var at, dir string
		if n, err := fmt.Sscanf(line, "%s %q", &at, &dir); n == 2 && err == nil && isThere(dir) {
			taken[at] = dir
		}
	}
	return taken, nil
}

func writePorts(home string, taken map[string]string) error {
	var b bytes.Buffer
	for at, dir := range taken {
		_, _ = fmt.Fprintf(&b, "%s %q\n", at, dir)
	}
	return writeWhole(filepath.Join(home, portsList), b.Bytes())
}

// freePorts are addresses that nobody listens at, and that aren't taken.
func freePorts(n int, taken map[string]string) (list []string, err error) {
	for tries := 0; len(list) < n; tries++ {
		if tries > triesForPort*n {
			return nil, fmt.Errorf("%d of %d found: %w", len(list), n, err)
		}
		at := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort+1))
		if whose := taken[at]; whose != "" {
			err = fmt.Errorf("%s belongs to %s", at, whose)
			continue
		}
		var l net.Listener
		if l, err = net.Listen("tcp", at); err != nil {
			continue
		}
		defer func() { _ = l.Close() }() // when all are found: none twice
		var u net.PacketConn
		if u, err = net.ListenPacket("udp", at); err != nil {
			continue
		}
		defer func() { _ = u.Close() }()
		list = append(list, at)
	}
	return list, nil
}
