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

	"github.com/thinkey/thinkey/cluster/entrance"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// known are the nodes that this one has a record of, whether gossip calls them alive or not.
type known struct {
	network    chain.NetworkID
	registered func(keys.PublicKey) bool
	seated     func(keys.PublicKey) bool // of registered ones

	mu    sync.Mutex // guards the rest
	nodes map[keys.PublicKey]*entry
	fresh bool            // something is not in the file yet
	hosts map[string]bool // of registered ones, as of an instant
	asOf  time.Time

	checks, strangers allowance // of signatures of registered nodes that aren't known yet, and under keys of others
}

type entry struct {
	record *Record
	raw    []byte
	seen   time.Time // a record of it came, or was in the file
	checks allowance // of signatures under its key, if it is registered
}

const (
	// maxNodes bounds what is remembered, maxUnregistered the part of it for keys that anybody can make.
	maxNodes        = 4096
	maxUnregistered = 256
	// strangerAge is how long a node that is not registered must not have been heard of before another one may have its place.
	strangerAge = 10 * time.Minute

	// maxChecks is how many records of registered nodes that aren't known yet, and strangerChecks how many under other keys, are verified in a second, once
	// as many as may be remembered have been; keyChecks how many of one that is known, once keyFirst have been. The gossip of everybody waits
	// while one is, and who may send some doesn't need to have made any: what is too much is refused unseen, and gossip repeats what is true.
	maxChecks, strangerChecks = 256, 32
	keyChecks, keyFirst       = 1, 8
)

var (
	errFull = errors.New("enough nodes are known")
	errOld  = errors.New("the node has said something else since")
	errMany = errors.New("too many records come at once to look at the signature of each")
)

// allowance is of what there may be so many in a second, and so many at once.
type allowance struct {
	left float64
	asOf time.Time
}

// take takes one, if there is one left.
func (a *allowance) take(now time.Time, each, most float64) bool {
	if a.asOf.IsZero() {
		a.left = most
	} else {
		a.left = min(most, a.left+each*max(0, now.Sub(a.asOf).Seconds()))
	}
	if a.asOf = now; a.left < 1 {
		return false
	}
	a.left--
	return true
}

// learn takes a record. One that is known, or that would not be kept, costs no verification.
func (k *known) learn(raw []byte, now time.Time) (*Record, error) {
	if r := k.again(raw, now); r != nil {
		return r, nil
	}
	r, err := readRecord(raw)
	if err != nil {
		return nil, err
	}
	if err := k.mayCheck(r, now); err != nil {
		return nil, err
	}
	if err := r.verify(k.network, raw); err != nil {
		return nil, err
	}
	return r, k.keep(r, raw, now)
}

// again is the record if it is known.
func (k *known) again(raw []byte, now time.Time) *Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range keyIn(raw) {
		if e := k.nodes[key]; e != nil && bytes.Equal(e.raw, raw) {
			e.seen = now
			return e.record
		}
	}
	return nil
}

// mayCheck says why the signature of a record is not looked at.
func (k *known) mayCheck(r *Record, now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.nodes[r.Node], false
	switch registered := k.registered(r.Node); {
	case e != nil && r.Sequence <= e.record.Sequence:
		ok = true // place refuses it
	case e != nil && registered:
		ok = e.checks.take(now, keyChecks, keyFirst)
	case registered:
		ok = k.checks.take(now, maxChecks, maxNodes)
	default:
		ok = k.strangers.take(now, strangerChecks, maxUnregistered)
	}
	if !ok {
		return errMany
	}
	_, err := k.place(r, now) // behind the allowances: it looks at all that are known
	return err
}

// keep keeps a record that holds.
func (k *known) keep(r *Record, raw []byte, now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	gone, err := k.place(r, now)
	if err != nil {
		return err
	}
	next := &entry{record: r, raw: slices.Clone(raw), seen: now}
	if e := k.nodes[r.Node]; e != nil {
		next.checks = e.checks
	}
	delete(k.nodes, gone)
	k.nodes[r.Node] = next
	k.fresh = true
	return nil
}

// place is whose place a record takes: its own node's, if it is known. The caller holds mu.
func (k *known) place(r *Record, now time.Time) (keys.PublicKey, error) {
	if e := k.nodes[r.Node]; e != nil && r.Sequence <= e.record.Sequence {
		return r.Node, fmt.Errorf("%w: record %d of %s, %d is known", errOld, r.Sequence, r.Node.String()[:12], e.record.Sequence)
	} else if e != nil {
		return r.Node, nil
	}
	return k.room(k.rank(r.Node), now)
}

// keyIn is where a record has its key, if it is long enough.
func keyIn(raw []byte) (list []keys.PublicKey) {
	var key keys.PublicKey
	if len(raw) > len(key) {
		list = append(list, keys.PublicKey(raw[1:1+len(key)]))
	}
	return list
}

// rank is how much the place of a node is worth: keys cost nothing, a registered one a deposit, and without seats there are no blocks.
type rank int

const (
	unregistered rank = iota
	registered
	seated
)

func (k *known) rank(key keys.PublicKey) rank {
	switch {
	case !k.registered(key):
		return unregistered
	case !k.seated(key):
		return registered
	}
	return seated
}

// room is who makes room for one node more, nobody if there is some: of those of the least rank the one that was heard of longest ago. It goes for one
// of a higher rank; and for another stranger only if that was long ago: a flood of new keys must not wash out what is known.
func (k *known) room(of rank, now time.Time) (keys.PublicKey, error) {
	var oldest [seated]*entry // of each rank below
	others := 0
	for key, e := range k.nodes {
		is := k.rank(key)
		if is == unregistered {
			others++
		}
		if is < seated && (oldest[is] == nil || e.seen.Before(oldest[is].seen)) {
			oldest[is] = e
		}
	}
	other, member := oldest[unregistered], oldest[registered]
	switch {
	case len(k.nodes) < maxNodes && (of > unregistered || others < maxUnregistered):
		return keys.PublicKey{}, nil
	case other != nil && (of > unregistered || now.Sub(other.seen) >= strangerAge):
		return other.record.Node, nil
	case of == seated && member != nil:
		return member.record.Node, nil
	}
	return keys.PublicKey{}, errFull
}

// hostsAge is how old the picture may be of where registered nodes are: to make it takes a while, and strangers can have it asked for.
const hostsAge = time.Second

// isAt says whether a registered node is at a host (entrance.Host).
func (k *known) isAt(host string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); k.hosts == nil || now.Sub(k.asOf) > hostsAge {
		k.hosts, k.asOf = map[string]bool{}, now
		for key, e := range k.nodes { // any order: a set
			if at, _, err := net.SplitHostPort(e.record.Gossip); err == nil && k.registered(key) {
				k.hosts[entrance.Host(at)] = true
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

// load reads the file of an earlier life; a line that doesn't hold is left out. Whoever stands in it counts as just seen: it may not be known yet who is
// registered, and until it is, strangers must not push out what was known.
func (k *known) load(path string, now time.Time) error {
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
			if r, err := DecodeRecord(k.network, raw); err == nil && len(k.nodes) < maxNodes {
				k.nodes[r.Node] = &entry{record: r, raw: raw, seen: now}
			}
		}
	}
	return nil
}

// save writes the file if something is new; what could not be written is still new. It is a convenience: without it the seeds are asked.
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
	err := os.WriteFile(next, b, 0o600)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		k.mu.Lock()
		k.fresh = true
		k.mu.Unlock()
		return fmt.Errorf("known nodes: %w", err)
	}
	return nil
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
