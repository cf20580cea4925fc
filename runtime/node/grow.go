package node

import (
	"context"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
)

// growPause is how often a process looks at what is registered of chains that it doesn't run.
const growPause = time.Second

// Grow runs chains that were made by a message, before the process began or meanwhile: those that the main chain, if it is here, has
// registered, whose parent is here, and that are wanted. Begun is told of each. It asks again of the others as the main chain goes on, and
// returns when ctx ends, or a chain can't be started.
func (p *Process) Grow(ctx context.Context, wanted func(chain.ID, chain.Branch) bool, begun func(*Node)) error {
	root := p.Node(chain.Main)
	if root == nil { // nobody registers any
		<-ctx.Done()
		return nil
	}
	pause := time.NewTicker(growPause)
	defer pause.Stop()
	for ctx.Err() == nil {
		height := root.Head().Header.Height
		for _, limb := range root.Tree() { // parents first
			if p.Node(limb.ID) != nil || p.Node(limb.Parent) == nil {
				continue
			}
			b, err := root.Branch(limb.ID)
			if err != nil {
				return err
			}
			if !wanted(limb.ID, b) {
				continue
			}
			if err := p.Start(limb.ID); err != nil {
				return err
			}
			begun(p.Node(limb.ID))
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
