package mesh

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Roles say what a node does for a chain (SPEC 6.8); they can be added.
type Roles uint8

const (
	// Data stores everything and serves it; Seat votes; Common serves users.
	Data Roles = 1 << iota
	Seat
	Common
)

// Served are chains with consecutive numbers for which a node does the same.
type Served struct {
	First chain.ID
	Count uint32 // >= 1
	Roles Roles
}

// Record is what a node says of itself, signed with its key. Of two of one node that with the higher Sequence counts.
type Record struct {
	Node      keys.PublicKey
	Sequence  uint64
	Gossip    string // ip:port of its mesh
	Transport string // host:port where other nodes connect (package transport)
	API       string // host:port where it serves users; empty if it doesn't
	// Actors is the port, at the host of Transport, where it answers for accounts (package placement); 0 if it doesn't.
	Actors   uint16
	Software string // for people
	Serves   []Served
}

// A record is the metadata of a member of memberlist, which has room for 512 bytes. Addresses, a name and the signature take at most
// 319 of them.
const (
	recordVersion  = 2
	maxRecordBytes = 512
	maxAddress     = 60
	maxSoftware    = 24
	// MaxServed is how many runs of chains fit. A node that serves many should serve all of a range: that is one run.
	MaxServed = 20
)

// ErrRecord is a record that no node made, or not this one.
var ErrRecord = errors.New("record of a node")

// signed is what the signature covers: the network, so that a record counts in no other, and every byte before the signature.
func signed(network chain.NetworkID, body []byte) []byte {
	return append(append([]byte("thinkey node record\x00"), network[:]...), body...)
}

// Check says what of a record can't be said.
func (r *Record) Check() error {
	for _, a := range []struct{ name, value string }{{"gossip", r.Gossip}, {"transport", r.Transport}, {"API", r.API}} {
		if a.value == "" && a.name == "API" {
			continue
		}
		_, port, err := net.SplitHostPort(a.value)
		if n, badPort := strconv.ParseUint(port, 10, 16); err != nil || badPort != nil || n == 0 || len(a.value) > maxAddress {
			return fmt.Errorf("%w: %s address %q: write host:port, in at most %d characters", ErrRecord, a.name, a.value, maxAddress)
		}
	}
	if host, _, _ := net.SplitHostPort(r.Gossip); net.ParseIP(host) == nil {
		return fmt.Errorf("%w: gossip address %q: its host must be an IP address", ErrRecord, r.Gossip)
	}
	if len(r.Software) > maxSoftware || len(r.Serves) > MaxServed {
		return fmt.Errorf("%w: software %q (limit %d characters), %d runs of chains (limit %d)", ErrRecord, r.Software, maxSoftware, len(r.Serves), MaxServed)
	}
	next := uint64(0)
	for _, s := range r.Serves {
		if uint64(s.First) < next || s.Count == 0 || s.Roles == 0 || s.Roles >= Common<<1 {
			return fmt.Errorf("%w: chains %d and %d further, roles %b: runs ascend, and aren't empty", ErrRecord, s.First, s.Count, s.Roles)
		}
		next = uint64(s.First) + uint64(s.Count)
	}
	return nil
}

// Does says what the node does for a chain; 0 for nothing.
func (r *Record) Does(id chain.ID) (roles Roles) {
	for _, s := range r.Serves {
		if id >= s.First && uint64(id) < uint64(s.First)+uint64(s.Count) {
			roles |= s.Roles
		}
	}
	return roles
}

// ActorsAddress is host:port where the node answers for accounts; empty if it doesn't.
func (r *Record) ActorsAddress() string {
	host, _, err := net.SplitHostPort(r.Transport)
	if err != nil || r.Actors == 0 {
		return ""
	}
	return net.JoinHostPort(host, strconv.FormatUint(uint64(r.Actors), 10))
}

func (r *Record) body() []byte {
	b := append([]byte{recordVersion}, r.Node[:]...)
	b = wire.AppendU64(b, r.Sequence)
	for _, s := range []string{r.Gossip, r.Transport, r.API, r.Software} {
		b = wire.AppendShort(b, s)
	}
	b = append(b, byte(r.Actors>>8), byte(r.Actors))
	b = wire.AppendU32(b, uint32(len(r.Serves)))
	for _, s := range r.Serves {
		b = append(wire.AppendU32(wire.AppendU32(b, uint32(s.First)), s.Count), byte(s.Roles))
	}
	return b
}

// Sign encodes a record with its signature.
func (r *Record) Sign(network chain.NetworkID, key keys.PrivateKey) ([]byte, error) {
	r.Node = key.Public()
	if err := r.Check(); err != nil {
		return nil, err
	}
	body := r.body()
	signature := key.Sign(signed(network, body))
	return append(body, signature[:]...), nil
}

// DecodeRecord reads what Sign wrote, and checks all of it.
func DecodeRecord(network chain.NetworkID, b []byte) (*Record, error) {
	r, err := readRecord(b)
	if err == nil {
		err = r.verify(network, b)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// readRecord is DecodeRecord but for the signature.
func readRecord(b []byte) (*Record, error) {
	if len(b) > maxRecordBytes {
		return nil, fmt.Errorf("%w: %d bytes (limit %d)", ErrRecord, len(b), maxRecordBytes)
	}
	r := wire.NewReader(b)
	r.Version("record", recordVersion)
	x := &Record{}
	r.Into("node", x.Node[:])
	x.Sequence = r.U64("sequence")
	x.Gossip, x.Transport = string(r.Short("gossip", maxAddress)), string(r.Short("transport", maxAddress))
	x.API, x.Software = string(r.Short("API", maxAddress)), string(r.Short("software", maxSoftware))
	x.Actors = uint16(r.U8("actors"))<<8 | uint16(r.U8("actors"))
	for range r.Count("chains", MaxServed, 9) {
		x.Serves = append(x.Serves, Served{chain.ID(r.U32("first")), r.U32("count"), Roles(r.U8("roles"))})
	}
	r.Fixed("signature", len(keys.Signature{})) // see verify
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if err := x.Check(); err != nil {
		return nil, err
	}
	return x, nil
}

// verify checks the signature of a record that was read from b.
func (r *Record) verify(network chain.NetworkID, b []byte) error {
	body := b[:len(b)-len(keys.Signature{})]
	if err := keys.Verify(r.Node, signed(network, body), keys.Signature(b[len(body):])); err != nil {
		return fmt.Errorf("%w %s: %w", ErrRecord, r.Node.String()[:12], err)
	}
	return nil
}
