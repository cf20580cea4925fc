package node

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/cluster/placement"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Placed connects a process with the accounts of chains that others run, and others with those that it runs (SPEC 10.3).
//
//	runtime/api ─► Account, Submit, Route ─► placement.Request ─► Placed of a node that has the chain ─► its Node, or its API
type Placed struct {
	config    PlacedConfig
	placement *placement.Placement
	process   atomic.Pointer[Process]
	routes    atomic.Pointer[Routes]
	salt      [32]byte // of this process
}

// PlacedConfig is what a Placed is made of.
type PlacedConfig struct {
	Key   keys.PrivateKey // the node's
	Links *Links
	// Listen is host:port for other nodes' questions; port 0 takes a free one. Others reach it at the host of the links.
	Listen string
	Log    *slog.Logger
}

// Routes answers what a node was asked of one of its chains in the form of another package (runtime/api).
type Routes func(ctx context.Context, id chain.ID, request []byte) ([]byte, error)

// OpenPlaced begins to ask, and to answer what Serve gives it. Close ends it, before the nodes and the links.
func OpenPlaced(c PlacedConfig) (*Placed, error) {
	d := &Placed{config: c}
	if _, err := rand.Read(d.salt[:]); err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(c.Links.mesh.Self().Transport) // as in mesh.Record.ActorsAddress: what others are told
	if err != nil {
		return nil, err
	}
	d.placement, err = placement.Open(placement.Config{
		Key: c.Key, Listen: c.Listen, Host: host, Nodes: c.Links.placed, Member: c.Links.isMember, Has: func(id chain.ID) bool { return d.node(id) != nil },
		Leader: d.leader, Answer: d.answer, Dial: c.Links.dialer(), Log: c.Log,
	})
	if err != nil {
		return nil, err
	}
	changed := d.placement.Changed
	c.Links.told.Store(&changed)
	port := d.placement.Port()
	if err := c.Links.mesh.Update(func(r *mesh.Record) { r.Actors = port }); err != nil {
		d.placement.Close()
		return nil, err
	}
	return d, nil
}

// Serve says which process answers, and who answers routes; nil for nobody.
func (d *Placed) Serve(p *Process, r Routes) {
	d.process.Store(p)
	d.routes.Store(&r)
}

// Address is where others ask.
func (d *Placed) Address() string { return d.placement.Addr() }

// Counts is how often what happened.
func (d *Placed) Counts() map[string]uint64 { return d.placement.Counts() }

// Close waits for what is being answered.
func (d *Placed) Close() { d.placement.Close() }

// dialer makes connections as the transport's are made; nil for TCP's own way.
func (l *Links) dialer() func(context.Context, string) (net.Conn, error) {
	if l.config.Dial != nil || l.config.From == "" {
		return l.config.Dial
	}
	d := net.Dialer{Timeout: dialTime, LocalAddr: &net.TCPAddr{IP: net.ParseIP(l.config.From)}}
	return func(ctx context.Context, addr string) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
}

// placed are the registered nodes, as proto.actor's cluster is told of them.
func (l *Links) placed() (list []placement.Node) {
	for _, n := range l.Neighbours() {
		if n.Known && n.Member {
			list = append(list, placement.Node{Record: n.Record, Up: n.Connected})
		}
	}
	return list
}

// node is the process's of a chain; nil if there is none.
func (d *Placed) node(id chain.ID) *Node {
	if p := d.process.Load(); p != nil {
		return p.Node(id)
	}
	return nil
}

// leader is who leads a chain of the process.
func (d *Placed) leader(id chain.ID) (keys.PublicKey, bool) {
	n := d.node(id)
	if n == nil {
		return keys.PublicKey{}, false
	}
	return n.Leader()
}

// Leader is the node that leads the round under way, as this one sees it (SPEC 5.9); false on a chain that is not agreed on.
func (n *Node) Leader() (keys.PublicKey, bool) {
	if n.member == nil {
		return keys.PublicKey{}, false
	}
	k := n.member.leads.Load()
	if k == nil {
		return keys.PublicKey{}, false
	}
	return *k, true
}

// lead notes who leads now.
func (m *member) lead() {
	seat := m.driver.Replica().Leader()
	if seats := m.epoch.Seats.Seats; seat < len(seats) {
		m.leads.Store(&seats[seat].Node)
	}
}

// What a question begins with. A number, once used, is never given to something else.
const (
	askAccount byte = 1 // nothing more
	askSubmit  byte = 2 // messages
	askRoute   byte = 3 // bytes that Routes knows
)

// dialTime is how long another node may take to accept a connection.
const dialTime = 5 * time.Second

// answerTime is how long an account, or the taking in of messages, may take.
const answerTime = 5 * time.Second

// answer answers another node's question.
func (d *Placed) answer(ctx context.Context, a placement.Asked) ([]byte, error) {
	n := d.node(a.Account.Chain())
	if n == nil || len(a.Body) == 0 {
		return nil, errors.New("a question for nobody")
	}
	body := a.Body[1:]
	switch a.Body[0] {
	case askAccount:
		if n.Restricted() {
			return nil, fmt.Errorf("chain %d serves its state to its readers alone: ask at a node that has it", n.chain)
		}
		at, err := n.Account(a.Account)
		if err != nil {
			return nil, err
		}
		return at.encode(), nil
	case askSubmit:
		raws, err := decodeMessages(body)
		if err != nil {
			return nil, err
		}
		return encodeAnswers(n.Submit(raws)), nil
	case askRoute:
		if routes := d.routes.Load(); routes != nil && *routes != nil {
			return (*routes)(ctx, n.chain, body)
		}
	}
	return nil, fmt.Errorf("a question of kind %d is not known here", a.Body[0])
}

// Account asks the live account at its chain's leader, or where that isn't found, at another node that has the chain.
func (d *Placed) Account(ctx context.Context, address chain.Address) (AccountAt, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	body, err := d.placement.Request(ctx, address, placement.Live, []byte{askAccount})
	if err != nil {
		return AccountAt{}, err
	}
	return decodeAccountAt(address, body)
}

// Submit hands encoded messages to a chain's leader, as Node.Submit does here, and answers each. Where one node fails another is asked; what was asked
// twice is taken once: a message is its id (DESIGN D1).
func (d *Placed) Submit(ctx context.Context, id chain.ID, raws [][]byte) ([]ingress.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	answers := make([]ingress.Answer, 0, len(raws))
	for len(raws) > 0 {
		n := fitting(raws)
		question := encodeMessages(raws[:n])
		question[0] = askSubmit
		body, err := d.placement.Request(ctx, chain.SystemAddress(id), placement.Live, question)
		if err != nil {
			return nil, err
		}
		part, err := decodeAnswers(body, raws[:n])
		if err != nil {
			return nil, err
		}
		answers, raws = append(answers, part...), raws[n:]
	}
	return answers, nil
}

// Route asks any node that has a chain in the form that Routes knows there: with one turn the same one, as long as that is up, with others most
// likely others. Which, nobody can choose that could answer. It ends with ctx, which must have a deadline.
func (d *Placed) Route(ctx context.Context, id chain.ID, turn uint32, request []byte) ([]byte, error) {
	to := keys.PublicKey(sha256.Sum256(binary.BigEndian.AppendUint32(d.salt[:], turn)))
	return d.placement.Request(ctx, chain.KeyAddress(id, to), placement.Copy, append([]byte{askRoute}, request...))
}
