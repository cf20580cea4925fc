package node

import (
	"errors"
	"fmt"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// finish makes the chain begin with the state that is here, if it is what the header says; again if it is another's than the parent records.
func (j *joining) finish() (again bool, err error) {
	n, id := j.node, j.genesis.Chain
	codes, root, err := j.look()
	if err != nil {
		return false, err
	}
	if chain.Hash(root) != j.header.Roots.State { // each piece was checked, so this is a fault of ours, or the disk's
		return false, fmt.Errorf("%w: the state of chain %d has root %x, and block %d says %s: move the directory away", store.ErrDamaged, id, root, j.header.Height, j.header.Roots.State)
	}
	for _, h := range codes {
		if again, err := j.code(h); again || err != nil {
			return again, err
		}
	}
	if again, err := j.anchored(); again || err != nil {
		return again, err
	}
	nodes, err := keep.Peaks(n.store.State(id), id)
	if err != nil {
		return false, err
	}
	last := &j.digests[len(j.digests)-1]
	b := &store.Base{
		Genesis: j.genesis, Header: j.header, Certificate: last.Certificate.Append(nil), Nodes: nodes, Shown: keep.AppendShown(nil, j.digests),
		Votes: n.config.firstVotes(j.genesis).Encode(),
	}
	if err := n.store.JoinEnd(b); err != nil {
		return false, err
	}
	n.config.Log.Info("the node has the state, and fetches the blocks after it", "chain", id, "height", j.header.Height, "bytes", j.bytes)
	return false, nil
}

// look reads what is here: the code that it names, and its root.
func (j *joining) look() (codes []chain.CodeHash, root merkle.Hash, err error) {
	var fold merkle.Fold
	system := chain.SystemAddress(j.genesis.Chain)
	err = j.node.store.Leaves(j.genesis.Chain, func(path merkle.Path, slot exec.Slot, value []byte) error {
		if h, ok := chain.CodeOfKey(slot.Key); ok && slot.Account == system {
			codes = append(codes, h)
		}
		return fold.Add(merkle.Leaf{Path: path, Value: merkle.ValueHash(value)}, 0)
	})
	root, _ = fold.End()
	return codes, root, err
}

// code fetches code that isn't here; again if nobody has it.
func (j *joining) code(h chain.CodeHash) (again bool, err error) {
	n, id := j.node, j.genesis.Chain
	if _, err := n.store.Code(id, h); !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	pulse := time.NewTicker(joinPulse)
	defer pulse.Stop()
	var asked time.Time
	turn := 0
	for end := time.Now().Add(mostPatience); time.Now().Before(end); {
		if peers := j.peers(); len(peers) > 0 && time.Since(asked) > rangePatience {
			asked = time.Now()
			j.member.Net.Send(peers[turn%len(peers)], (&stateAsk{kind: stateCode, code: h}).encode())
			turn++
		}
		a, err := j.next(pulse.C)
		switch {
		case err != nil:
			return false, err
		case a == nil || a.is.kind != stateCode || len(a.is.code.Code) == 0:
		case a.is.code.Hash() == h:
			return false, n.store.JoinCode(id, exec.Published{Hash: h, PublishInput: a.is.code})
		}
	}
	return true, nil
}

// anchored waits until the parent records the block; again if it records another one: a committee that certified both is broken, and the
// recorded one counts (SPEC 4.9).
func (j *joining) anchored() (again bool, err error) {
	ask := j.node.config.Join.Anchored
	if ask == nil {
		return false, nil
	}
	pulse := time.NewTicker(joinPulse)
	defer pulse.Stop()
	for end := time.Now().Add(mostPatience); time.Now().Before(end); {
		is, known, err := ask(j.header)
		if err != nil || known {
			return !is, err
		}
		if _, err := j.next(pulse.C); err != nil {
			return false, err
		}
	}
	return true, nil
}
