package api

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// served is a chain of the server.
type served struct {
	*Server
	node      *node.Node
	histories *histories
}

// leastKept bounds the blocks of a chain that are kept to be read again from below, where several chains share the room.
const leastKept = 1 << 20

// Add serves a further chain from now on.
func (s *Server) Add(n *node.Node) { s.add(n) }

func (s *Server) add(n *node.Node) *served {
	room := max(leastKept, s.Limits.BlockBytes/(1+len(s.Others)))
	if len(s.Others) == 0 {
		room = s.Limits.BlockBytes
	}
	one := &served{s, n, newHistories(n, room, s.reading)}
	defer s.directory.again()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chains = append(slices.Clone(s.chains), one)
	slices.SortFunc(s.chains, func(a, b *served) int { return cmp.Compare(a.node.Chain(), b.node.Chain()) })
	s.metrics = s.gather()
	return one
}

// all are the chains of the server, by id.
func (s *Server) all() []*served {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.chains // never changed once it is there
}

// get is a chain of the server; nil if it doesn't serve it.
func (s *Server) get(id chain.ID) *served {
	for _, one := range s.all() {
		if one.node.Chain() == id {
			return one
		}
	}
	return nil
}

// runs says which chains there are here.
func (s *Server) runs() string {
	list := s.all()
	ids := make([]string, len(list))
	for i, one := range list {
		ids[i] = strconv.FormatUint(uint64(one.node.Chain()), 10)
	}
	if len(ids) == 1 {
		return "this node runs chain " + ids[0]
	}
	return "this node runs chains " + strings.Join(ids[:len(ids)-1], ", ") + " and " + ids[len(ids)-1]
}

// named is the chain that {chain} means: its number, or the name that it alone has.
func (s *Server) named(text string) (*served, error) {
	id, err := s.meant(text)
	if err != nil {
		return nil, err
	}
	if one := s.get(id); one != nil {
		return one, nil
	}
	return nil, &client.Error{
		Code: client.CodeWrongChain, Status: http.StatusNotFound, Message: fmt.Sprintf("%s, not chain %d", s.runs(), id), Hint: "ask a node of that chain",
	}
}

// meant reads a chain's number or name.
func (s *Server) meant(text string) (chain.ID, error) {
	if n, err := strconv.ParseUint(text, 10, 32); err == nil && n > 0 {
		return chain.ID(n), nil
	}
	if text == chain.MainName {
		return chain.Main, nil
	}
	id, err := s.called(text)
	if id != 0 || err != nil {
		return id, err
	}
	if strings.Trim(text, "0123456789") == "" { // a number that is none of a chain
		return 0, badRequest("chain %q: chains are numbered from 1 to %d", clip(text), math.MaxUint32)
	}
	return 0, notFound(client.CodeUnknownChain, fmt.Sprintf("no chain is called %q here", clip(text)), "write its number from 1, or its name: GET /v1/chains lists those that are known")
}

// What a route without {chain} means: the chain of the address, one that knows the message or the code, or the default one.
func (s *Server) byDefault(*http.Request) *served { return s.main }

func (s *Server) byAddress(q *http.Request) *served {
	if a, err := chain.ParseAddress(q.PathValue("address")); err == nil {
		if one := s.get(a.Chain()); one != nil {
			return one
		}
	}
	return s.main
}

// byCode means a chain where the code is published, if any is; it is the same code everywhere.
func (s *Server) byCode(q *http.Request) *served {
	hash, err := codeHash(q)
	list := s.all()
	if err != nil || len(list) == 1 {
		return s.main
	}
	for _, one := range append([]*served{s.main}, list...) {
		if _, err := one.node.Code(hash); err == nil {
			return one
		}
	}
	return s.main
}

func (s *Server) byMessage(q *http.Request) *served {
	id, err := messageID(q)
	list := s.all()
	if err != nil || len(list) == 1 {
		return s.main
	}
	for _, one := range list {
		if _, err := one.node.Message(id); err == nil {
			return one
		}
	}
	for _, one := range list { // in a queue
		var f *found
		err := one.histories.read(q.Context(), func() (err error) {
			f, err = one.find(id)
			return err
		})
		if err == nil && f != nil {
			return one
		}
	}
	return s.main
}

func (s *Server) getChains(w http.ResponseWriter, _ *http.Request) error {
	list, err := s.known()
	if err != nil {
		return err
	}
	s.answer(w, http.StatusOK, client.Chains{Chains: list, Default: s.main.node.Chain(), Deposit: chain.DepositBehind(uint32(len(list)))})
	return nil
}

// getPeers are the other nodes; none where this one is alone.
func (s *Server) getPeers(w http.ResponseWriter, _ *http.Request) error {
	a := client.Peers{Peers: []client.Peer{}}
	if s.Peers != nil {
		known := s.Peers()
		a.Self, a.Peers = known.Self, append(a.Peers, known.Peers...)
	}
	s.answer(w, http.StatusOK, a)
	return nil
}

// getChain is what the registry has of a chain, if the main chain is here, beside what is known of it anyway.
func (s *Server) getChain(w http.ResponseWriter, q *http.Request) error {
	id, err := s.meant(q.PathValue("chain"))
	if err != nil {
		return err
	}
	list, err := s.known()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(c client.Chain) bool { return c.Chain == id })
	if i < 0 {
		return notFound(client.CodeUnknownChain, fmt.Sprintf("no chain %d is known here", id), "GET /v1/chains lists those that are")
	}
	a := client.ChainShown{Chain: list[i]}
	if root := s.get(chain.Main); root != nil {
		b, err := root.node.Branch(id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil {
			a.Registered = registration(&b)
		}
	}
	s.answer(w, http.StatusOK, a)
	return nil
}

func registration(b *chain.Branch) *client.Registration {
	r := &client.Registration{
		Owner: b.Owner, Params: client.Params(b.Params), Height: b.Height, Deposit: b.Deposit, Issued: b.Issued, Committee: b.Registration.Committee,
		Silent: b.Seats.Silent,
	}
	for i, seat := range b.Seats.Seats {
		r.Seats = append(r.Seats, client.Seat{Seat: i, Node: seat.Node, Key: seat.Key})
	}
	return r
}

// called is the chain with a name; 0 if none is known.
func (s *Server) called(name string) (chain.ID, error) {
	d := s.directory
	d.mu.Lock()
	defer d.mu.Unlock()
	if id := d.ids[name]; id != 0 {
		return id, nil
	}
	err := d.look(s, s.all()[0].node.Tree())
	return d.ids[name], err
}

// known are the chains that the highest chain here knows of, by id: it learns first of new ones.
func (s *Server) known() ([]client.Chain, error) {
	d := s.directory
	d.mu.Lock()
	defer d.mu.Unlock()
	tree := s.all()[0].node.Tree()
	if err := d.look(s, tree); err != nil {
		return nil, err
	}
	for _, one := range s.all() {
		if err := d.record(one, tree); err != nil {
			return nil, err
		}
	}
	list := make([]client.Chain, 0, len(tree))
	for _, limb := range tree {
		known := d.recorded[limb.Parent]
		c := client.Chain{Chain: limb.ID, Parent: limb.Parent, Name: d.names[limb.ID], Recorded: known.upTo[limb.ID], Forked: known.forked[limb.ID]}
		if one := s.get(limb.ID); one != nil {
			h := one.node.Head()
			c.Here, c.Height, c.Block, c.StateRoot, c.TimeMillis = true, h.Header.Height, h.Hash, h.Header.Roots.State, h.Header.TimeMillis
			at := one.node.Standing()
			c.Round, c.Silent = at.Round, at.Silent
		}
		list = append(list, c)
	}
	return list, nil
}
