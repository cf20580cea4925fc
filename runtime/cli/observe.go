package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/thinkey/thinkey/cluster/placement"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

// observerKey is that of a node that runs no chain, which the nodes of a test network let ask them: as public as the network's seed.
func observerKey(seed string) keys.PrivateKey { return client.DevKey(seed, "observer") }

// observer is a node that runs no chain, beside a test network.
type observer struct {
	links  *node.Links
	placed *node.Placed
	asks   chain.Address // an account of the network
}

// newObserver joins the network in a directory; its nodes know it a second later.
func newObserver(dir string) (*observer, error) {
	homes, err := testnetHomes(dir)
	if err != nil {
		return nil, err
	}
	g, err := readDraft(homes[0].file(genesisFile))
	if err != nil {
		return nil, err
	}
	var seeds []string
	seed := ""
	for _, h := range homes {
		c, err := readNodeConfig(h)
		if err != nil {
			return nil, err
		}
		seed = c.DevSeed
		seeds = append(seeds, c.Gossip)
	}
	key, quiet := observerKey(seed), slog.New(slog.DiscardHandler)
	o := &observer{asks: devAddressOn(chain.Main, seed, client.DevNames()[0])}
	o.links, err = node.OpenLinks(node.LinksConfig{
		Key: key, Network: g, Listen: "127.0.0.1:0", Gossip: "127.0.0.1:0", Seeds: seeds, Software: "thinkey observer", Log: quiet,
	})
	if err != nil {
		return nil, err
	}
	o.placed, err = node.OpenPlaced(node.PlacedConfig{Key: key, Links: o.links, Listen: "127.0.0.1:0", Log: quiet})
	if err != nil {
		return nil, errors.Join(err, o.links.Close())
	}
	return o, nil
}

func (o *observer) close() error {
	o.placed.Close()
	return o.links.Close()
}

// measureRequests has a node that runs no chain put n questions for an account to the test network in a directory, which runs, one
// after another, through proto.actor's cluster.Request, each answered by the live account. It returns how long half of them took at most.
func measureRequests(ctx context.Context, dir string, n int) (p50 time.Duration, err error) {
	o, err := newObserver(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	met := awaitNode(ctx, startTime, func() bool {
		_, err = o.placed.Account(ctx, o.asks)
		return err == nil || !errors.Is(err, placement.ErrNowhere) && !errors.Is(err, placement.ErrSilent)
	})
	if err = errors.Join(met, err); err != nil {
		return 0, failed("no_answer", "no node of %s answers the observer: %v", dir, err).do("see: thinkey testnet status --dir %s", dir)
	}
	took := make([]time.Duration, n)
	for i := range took {
		began := time.Now()
		if _, err := o.placed.Account(ctx, o.asks); err != nil {
			return 0, fmt.Errorf("question %d of %d: %w", i, n, err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[n/2], nil
}
