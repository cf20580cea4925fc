package block

import (
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
	spread(each, (n+rootChunk-1)/rootChunk, func(k int) {
		var b []byte
		for i := k * rootChunk; i < min((k+1)*rootChunk, n); i++ {
			b = encode(b[:0], i)
			leaves[i] = merkle.LeafHash(b)
		}
	})
	return chain.Hash(merkle.Root(leaves))
}

// InputsRoot is the root over the inputs' full bytes: signatures and proofs included, so that one hash is one set of bytes.
func InputsRoot(inputs []chain.Input, each merkle.Each) chain.Hash {
	return root(each, len(inputs), func(b []byte, i int) []byte { return inputs[i].Append(b) })
}

// OrderRoot is the root over σ: a leaf for each account, with what it sent, so that one account's part can be shown alone.
func OrderRoot(order chain.Order, each merkle.Each) chain.Hash {
	return root(each, len(order), func(b []byte, i int) []byte { return order[i].Append(b) })
}

// ReceiptsRoot is the root over the receipts.
func ReceiptsRoot(receipts []chain.Receipt, each merkle.Each) chain.Hash {
	return root(each, len(receipts), func(b []byte, i int) []byte { return receipts[i].Append(b) })
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
	type placed struct {
		merkle.Update
		change exec.Change
	}
	list := make([]placed, len(changes))
	chunks := (len(changes) + rootChunk - 1) / rootChunk
	spread(each, chunks, func(k int) {
		for i := k * rootChunk; i < min((k+1)*rootChunk, len(changes)); i++ {
			list[i].Path, list[i].change = SlotPath(changes[i].Slot), changes[i]
			if changes[i].After != nil {
				list[i].Value = merkle.ValueHash(changes[i].After)
			}
		}
	})
	byPath := func(a, b placed) int { return slices.Compare(a.Path[:], b.Path[:]) }
	if !slices.IsSortedFunc(list, byPath) {
		slices.SortFunc(list, byPath)
	}
	updates := make([]merkle.Update, len(list))
	for i := range list {
		updates[i], changes[i] = list[i].Update, list[i].change
	}
	return tree.Update(base, updates, each)
}
