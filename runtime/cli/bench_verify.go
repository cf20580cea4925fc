package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/thinkey/thinkey/runtime/node"
)

// benchVerify is another node: it has the genesis, and gets the blocks as bytes.
func benchVerify(o benchOptions) (map[string]any, error) {
	n, err := openTuned(o.config(node.Pace{Manual: true}), "")
	if err != nil {
		return nil, err
	}
	blocks, err := openFrames(o.path("blocks"))
	if err != nil {
		return nil, err
	}
	var verify, commit time.Duration
	for {
		list, err := blocks.next(1)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			break
		}
		begin := cpu()
		result, fault, err := n.Verify(list[0])
		verify += cpu() - begin
		if err != nil {
			return nil, err
		}
		if fault != nil {
			return nil, fmt.Errorf("a block of ours does not verify: %w", fault)
		}
		begin = cpu()
		if err := n.Take(result); err != nil {
			return nil, err
		}
		commit += cpu() - begin
	}
	return map[string]any{
		"verify_cpu_us_per_payment": microsPer(verify, o.Messages), "verify_commit_cpu_us_per_payment": microsPer(commit, o.Messages),
	}, errors.Join(blocks.close(), n.Close())
}
