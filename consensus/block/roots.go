package block

import (
	"bytes"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// rootChunk is how many leaves one piece of parallel work hashes.
const rootChunk = 512

// root is the root of the fixed tree over n leaves, each the encoding that encode appends to a buffer.
func root(each merkle.Each, n int, encode func(b []byte, i int) []byte) chain.Hash {
	leaves := make([]merkle.Hash, n)
	each.Run((n+rootChunk-1)/rootChunk, func(k int) {
		var b []byte
		for i := k * rootChunk; i < min((k+1)*rootChunk, n); i++ {
			b = encode(b[:0], i)
			leaves[i] = merkle.LeafHash(b)
		}
	})
	return chain.Hash(merkle.Root(leaves))
}

// InputsRoot is the root over a block's inputs, then its records of failed rounds and of equivocations, then what arrived from other chains if anything
// did, with their full bytes: signatures and proofs included, so that one hash is one set of bytes.
func InputsRoot(b *chain.Block, each merkle.Each) chain.Hash {
	return inputsRoot(&b.Arrived, b.Inputs, b.Failed, b.Equivocations, each)
}

func inputsRoot(arrived *chain.Arrived, inputs []chain.Input, failed []chain.Timeouts, twice []chain.Equivocation, each merkle.Each) chain.Hash {
	n := len(inputs) + len(failed) + len(twice)
	if !arrived.IsEmpty() {
		n++
	}
	return root(each, n, func(b []byte, i int) []byte {
		switch {
		case i < len(inputs):
			return inputs[i].Append(b)
		case i < len(inputs)+len(failed):
			return failed[i-len(inputs)].Append(b)
		case i < len(inputs)+len(failed)+len(twice):
			return twice[i-len(inputs)-len(failed)].Append(b)
		}
		return arrived.Append(b)
	})
}

// OrderRoot is the root over σ: a leaf for each account, with what it sent, so that one account's part can be shown alone.
func OrderRoot(order chain.Order, each merkle.Each) chain.Hash {
	return root(each, len(order), func(b []byte, i int) []byte { return order[i].Append(b) })
}

// ReceiptsRoot is the root over the receipts.
func ReceiptsRoot(receipts []chain.Receipt, each merkle.Each) chain.Hash {
	return root(each, len(receipts), func(b []byte, i int) []byte { return receipts[i].Append(b) })
}

// Whole says whether raw is the block that its own header names: the header commits to inputs and order with all their bytes.
// Of bytes that are not, Verify's fault says nothing about the block (SPEC 4.6).
func Whole(raw []byte) bool {
	b, err := chain.DecodeBlock(raw)
	return err == nil && WholeBlock(b)
}

// WholeBlock is Whole of bytes that were decoded.
func WholeBlock(b *chain.Block) bool {
	return b.Header.Roots.Inputs == InputsRoot(b, nil) && b.Header.Roots.Order == OrderRoot(b.Order, nil)
}

// SlotPath is the place of a slot in the state tree.
func SlotPath(s exec.Slot) merkle.Path {
	if s.Key == "" {
		return merkle.AccountPath(s.Account)
	}
	return merkle.SlotPath(s.Account, []byte(s.Key))
}

// authenticate makes the version of the tree that the changes lead to. It sorts the changes by path.
func authenticate(tree *merkle.Tree, base *merkle.Version, changes []exec.Change, each merkle.Each) (*merkle.Version, error) {
	updates := make([]merkle.Update, len(changes))
	each.Run((len(changes)+rootChunk-1)/rootChunk, func(k int) {
		for i := k * rootChunk; i < min((k+1)*rootChunk, len(changes)); i++ {
			updates[i].Path = SlotPath(changes[i].Slot)
			if changes[i].After != nil {
				updates[i].Value = merkle.ValueHash(changes[i].After)
			}
		}
	})
	return tree.Update(base, byPath(updates, changes), each)
}

// byPath sorts the changes, and returns their updates sorted too. Records stand in the order of their paths already where
// all accounts are of one chain, so that there is mostly little to do.
func byPath(updates []merkle.Update, changes []exec.Change) []merkle.Update {
	compare := func(a, b *merkle.Path) int { return bytes.Compare(a[:], b[:]) }
	if slices.IsSortedFunc(updates, func(a, b merkle.Update) int { return compare(&a.Path, &b.Path) }) {
		return updates
	}
	places := make([]uint32, len(updates))
	for i := range places {
		places[i] = uint32(i)
	}
	slices.SortFunc(places, func(a, b uint32) int { return compare(&updates[a].Path, &updates[b].Path) })
	sorted, unsorted := make([]merkle.Update, len(updates)), slices.Clone(changes)
	for i, from := range places {
		sorted[i], changes[i] = updates[from], unsorted[from]
	}
	return sorted
}
