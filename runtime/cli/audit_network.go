package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/runtime/fetch"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// networkAudit says which running network is audited.
type networkAudit struct {
	genesis string
	via     []string
	keep    string
}

// auditNetwork copies all chains that some nodes have, and audits the copy.
func (a *app) auditNetwork(ctx context.Context, o *networkAudit) error {
	if o.genesis == "" {
		return usage("neither a directory nor --genesis is given").
			do("name data directories, or the genesis of a running network: thinkey audit --genesis network/dev.json --node URL")
	}
	g, err := readGenesis(o.genesis)
	if err != nil {
		return failed("bad_genesis", "--genesis: %v", err).do("name the genesis of the network, or its dev.json")
	}
	source, err := a.sourceOf(ctx, g, o.via)
	if err != nil {
		return err
	}
	dir, drop, err := o.dir()
	if err != nil {
		return err
	}
	defer drop()
	if err := a.copyChains(ctx, g, source, dir); err != nil {
		return err
	}
	return a.auditTree(ctx, []string{dir}, true)
}

// dir is where the copy goes, and what removes it.
func (o *networkAudit) dir() (string, func(), error) {
	if o.keep != "" {
		if isThere(o.keep) {
			return "", nil, usage("--keep (%s) is there already", o.keep).do("name a directory that is to be made")
		}
		return o.keep, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "thinkey-audit-")
	if err != nil {
		return "", nil, failed("no_file", "%v", err).do("make room there, or name a directory with --keep")
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // what stays is in the system's directory for such
}

func (a *app) copyChains(ctx context.Context, g *chain.Genesis, source fetch.Source, dir string) error {
	s, err := store.Open(store.Options{Dir: dir, Fatal: func(error) {}}) // a commit that fails says so itself
	if err != nil {
		return failed("no_file", "%s: %v", dir, err).do("name a directory that can be made with --keep")
	}
	err = fetch.Copy(ctx, fetch.Options{
		Store: s, Genesis: g, Source: source, Each: node.Parallel(runtime.GOMAXPROCS(0)),
		Engine: func(code func(chain.CodeHash) ([]byte, error)) (fetch.Engine, error) { return auditEngine(code) },
		Progress: func(id chain.ID, height, head uint64) {
			if height%100 == 0 {
				a.log.Info("copied and verified", "chain", id, "height", height, "of", head)
			}
		},
	})
	err = errors.Join(err, s.Close())
	if errors.Is(err, fetch.ErrBlock) {
		return failed("audit_failed", "%v", err).do("the node, or whoever made its chain, is wrong, or it is of another network: compare with another node")
	}
	return err
}

// sourceOf asks the node of the settings, and others, for the chains that each has. Those of the genesis, and all of which a block counts for
// others, must be at one of them: a chain that was just made may run nowhere yet.
func (a *app) sourceOf(ctx context.Context, g *chain.Genesis, via []string) (*nodesSource, error) {
	s, names := &nodesSource{of: map[chain.ID]*client.Client{}}, map[chain.ID]string{}
	for _, url := range append(a.settings.nodes(), via...) {
		if err := checkURL(url); err != nil {
			return nil, usage("--via (%q); %v", url, err)
		}
		n := client.New(strings.TrimRight(url, "/"), client.WithTimeout(a.settings.timeout()), client.WithPatience(a.settings.timeout()))
		list, err := n.Chains(ctx)
		if err != nil {
			return nil, err
		}
		s.nodes = append(s.nodes, n)
		for i := range list.Chains {
			c := &list.Chains[i]
			if c.Recorded > 0 || g.Tree().Has(c.Chain) {
				names[c.Chain] = c.Name
			}
			if c.Here && s.of[c.Chain] == nil {
				s.of[c.Chain] = n.On(fmt.Sprint(c.Chain))
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(names)) {
		if s.of[id] == nil {
			return nil, failed("chain_elsewhere", "chain %d, %q, is at none of the nodes that are asked, and all chains are needed to say where money is", id, names[id]).
				do("name a node that runs it, too: --via URL")
		}
	}
	return s, nil
}

// nodesSource are the chains of some nodes.
type nodesSource struct {
	nodes []*client.Client
	of    map[chain.ID]*client.Client
}

// Heads implements fetch.Source.
func (s *nodesSource) Heads(ctx context.Context) (map[chain.ID]uint64, error) {
	heads := map[chain.ID]uint64{}
	for id, n := range s.of { // any order: each is asked for its own
		latest, err := n.Latest(ctx)
		if err != nil {
			return nil, err
		}
		heads[id] = latest.Height
	}
	return heads, nil
}

// Block implements fetch.Source.
func (s *nodesSource) Block(ctx context.Context, id chain.ID, height uint64) (raw, certificate []byte, err error) {
	if raw, err = s.of[id].RawBlock(ctx, height); err != nil {
		return nil, nil, err
	}
	b, err := s.of[id].Block(ctx, height)
	if err != nil || b.Certificate == nil {
		return raw, nil, err
	}
	return raw, b.Certificate.Raw, nil
}
