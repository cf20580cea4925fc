package mesh

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// known are the nodes that this one has a record of, whether gossip calls them alive or not.
type known struct {
	network    chain.NetworkID
	registered func(keys.PublicKey) bool

	mu    sync.Mutex // guards the rest
	nodes map[keys.PublicKey]*entry
	fresh bool            // something is not in the file yet
	hosts map[string]bool // of registered ones, as of an instant
	asOf  time.Time
}

type entry struct {
	record *Record
	raw    []byte
	seen   time.Time // a record of it came
}

const (
	// maxNodes bounds what is remembered, maxUnregistered the part of it for keys that anybody can make.
	maxNodes        = 4096
	maxUnregistered = 256
)

var (
	errFull = errors.New("enough nodes are known that are not registered")
	errOld  = errors.New("the node has said something else since")
)

// learn takes a record. One that is known costs no verification.
func (k *known) learn(raw []byte, now time.Time) (*Record, error) {
	k.mu.Lock()
	for _, key := range keyIn(raw) {
		if e := k.nodes[key]; e != nil && bytes.Equal(e.raw, raw) {
			e.seen = now
			k.mu.Unlock()
			return e.record, nil
		}
	}
	k.mu.Unlock()
	r, err := DecodeRecord(k.network, raw)
	if err != nil {
		return nil, err
	}
	registered := k.registered(r.Node)
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.nodes[r.Node]
	if e != nil && r.Sequence <= e.record.Sequence {
		return nil, fmt.Errorf("%w: record %d of %s, %d is known", errOld, r.Sequence, r.Node.String()[:12], e.record.Sequence)
	}
	if e == nil && !k.room(registered) {
		return nil, errFull
	}
	k.nodes[r.Node] = &entry{r, slices.Clone(raw), now}
	k.fresh = true
	return r, nil
}

// keyIn is where a record has its key, if it is long enough.
func keyIn(raw []byte) (list []keys.PublicKey) {
	var key keys.PublicKey
	if len(raw) > len(key) {
		list = append(list, keys.PublicKey(raw[1:1+len(key)]))
	}
	return list
}

// room makes room for one node more: of those that are not registered the one that was heard of longest ago goes.
func (k *known) room(registered bool) bool {
	var oldest keys.PublicKey
	var at time.Time
	others := 0
	for key, e := range k.nodes {
		if k.registered(key) {
			continue
		}
		if others++; at.IsZero() || e.seen.Before(at) {
			oldest, at = key, e.seen
		}
	}
	if len(k.nodes) < maxNodes && (registered || others < maxUnregistered) {
		return true
	}
	if !registered || others == 0 { // a flood of new keys must not wash out what is known
		return false
	}
	delete(k.nodes, oldest)
	return true
}

// hostsAge is how old the picture may be of where registered nodes are: to make it takes a while, and strangers can have it asked for.
const hostsAge = time.Second

// isAt says whether a registered node is at a host.
func (k *known) isAt(host string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); k.hosts == nil || now.Sub(k.asOf) > hostsAge {
		k.hosts, k.asOf = map[string]bool{}, now
		for key, e := range k.nodes { // any order: a set
			if at, _, err := net.SplitHostPort(e.record.Gossip); err == nil && k.registered(key) {
				k.hosts[at] = true
			}
		}
	}
	return k.hosts[host]
}

func (k *known) get(key keys.PublicKey) *Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e := k.nodes[key]; e != nil {
		return e.record
	}
	return nil
}

func (k *known) all() []*Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := make([]*Record, 0, len(k.nodes))
	for _, e := range k.nodes {
		list = append(list, e.record)
	}
	slices.SortFunc(list, func(a, b *Record) int { return bytes.Compare(a.Node[:], b.Node[:]) })
	return list
}

// load reads the file of an earlier life; a line that doesn't hold is left out.
func (k *known) load(path string) error {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("known nodes: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if raw, err := hex.DecodeString(strings.TrimSpace(line)); err == nil {
			_, _ = k.learn(raw, time.Time{})
		}
	}
	return nil
}

// save writes the file if something is new. It is a convenience: without it the seeds are asked.
func (k *known) save(path string) error {
	k.mu.Lock()
	if path == "" || !k.fresh {
		k.mu.Unlock()
		return nil
	}
	k.fresh = false
	var b []byte
	for _, e := range k.nodes {
		b = append(hex.AppendEncode(b, e.raw), '\n')
	}
	k.mu.Unlock()
	next := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".next")
	if err := os.WriteFile(next, b, 0o600); err != nil {
		return fmt.Errorf("known nodes: %w", err)
	}
	return os.Rename(next, path)
}

// splitAddress is ip:port in parts.
func splitAddress(addr string) (net.IP, int, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, 0, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	ip := net.ParseIP(host)
	if err != nil || ip == nil {
		return nil, 0, fmt.Errorf("address %q: write ip:port", addr)
	}
	return ip, int(n), nil
}
