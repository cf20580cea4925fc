package cli

import (
	"context"
	"path/filepath"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// questions is how many are timed.
const questions = 500

// requests asks a node for accounts of a chain that it doesn't run. The nodes that were loaded are stopped before.
func (l *clusterLoad) requests(ctx context.Context, r *clusterResult) error {
	stopNodes(l.homes)
	dir := filepath.Join(l.Dir, "placed")
	if _, err := genTestnet(testnetPlan{dir: dir, seed: "bench", nodes: benchNodes, chains: star(1)}); err != nil {
		return err
	}
	homes, err := testnetHomes(dir)
	if err != nil {
		return err
	}
	last := homes[benchNodes-1]
	c, err := readNodeConfig(last, nil, nil)
	if err != nil {
		return err
	}
	c.Chains = append(c.Chains, uint32(chain.Main))
	if err := c.write(last); err != nil {
		return err
	}
	defer stopNodes(homes)
	for _, h := range homes {
		if err := l.startNode(ctx, h, nil); err != nil {
			return err
		}
	}
	if r.RequestP50, err = askedAt(ctx, last, chain.Main+1); err == nil {
		r.RequestHere, err = askedAt(ctx, last, chain.Main)
	}
	return err
}

// askedAt is how long a node takes to answer for an account of a chain, half of the times, in ms.
func askedAt(ctx context.Context, h nodeHome, id chain.ID) (float64, error) {
	ready, _ := h.ready()
	c := client.New(ready.API, client.WithTries(1))
	defer c.Close()
	at := devAddressOn(id, "bench", client.DevNames()[0])
	if err := awaitNode(ctx, startTime, func() bool { _, err := c.Account(ctx, at); return err == nil }); err != nil {
		return 0, err
	}
	took := make([]float64, 0, questions)
	for range questions {
		began := time.Now()
		if _, err := c.Account(ctx, at); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	return percentile(took, 0.5), nil
}
