package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

// solo is where code is run without a node, to measure it: a chain on which nothing is published.
func solo(codes native.Codes) *exec.Context {
	return &exec.Context{
		Chain: chain.Main, Height: 10, TimeMillis: 1000, Params: chain.DefaultParams(), Programs: native.Programs{Codes: codes},
		Tree: chain.Alone(chain.Main),
		Code: func(chain.CodeHash) (*chain.CodeEntry, error) { return nil, nil },
	}
}

// shelf is the storage of an account.
type shelf map[string][]byte

// Entry implements exec.Storage.
func (s shelf) Entry(key string) ([]byte, error) { return s[key], nil }

// Next implements exec.Storage.
func (s shelf) Next(prefix, after string) (string, error) {
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if strings.HasPrefix(key, prefix) && key > after {
			return key, nil
		}
	}
	return "", nil
}
