package node

import (
	"context"
	"errors"
	"time"

	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// growPause is how often a process looks at what is registered of chains that it doesn't run.
const growPause = time.Second

// Grow runs chains that were made by a message, before the process began or meanwhile: those that the main chain, if it is here, has
// registered, whose parent is here, and that are wanted. Begun is told of each. It asks again of the others as the main chain goes on, and
// returns when ctx ends, or a chain can't be started. One that was registered before the oldest state of the main chain that is here can't be known
// from it: that is said, and the others go on.
func (p *Process) Grow(ctx context.Context, wanted func(chain.ID, chain.Branch) bool, begun func(*Node) error) error {
	root := p.Node(chain.Main)
	if root == nil { // nobody registers any
		<-ctx.Done()
		return nil
	}
	pause := time.NewTicker(growPause)
	defer pause.Stop()
	unknown := map[chain.ID]bool{}
	for ctx.Err() == nil {
		height := root.Head().Header.Height
		for _, limb := range root.Tree() { // parents first
			if p.Node(limb.ID) != nil || p.Node(limb.Parent) == nil || unknown[limb.ID] {
				continue
			}
			b, err := root.Branch(limb.ID)
			if err != nil {
				return err
			}
			if !wanted(limb.ID, b) {
				continue
			}
			switch err := p.Start(limb.ID); {
			case errors.Is(err, store.ErrPruned):
				unknown[limb.ID] = true
				root.config.Log.Warn("a chain doesn't run here: what it began with is in states of the main chain that are not here any more; a node with all states can", "chain", limb.ID, "error", err)
				continue
			case err != nil:
				return err
			}
			if err := begun(p.Node(limb.ID)); err != nil {
				return err
			}
		}
		if err := root.AwaitAbove(ctx, height); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
	return nil
}
