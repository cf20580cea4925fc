package api

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// N2: however many ask for blocks that are not kept, few are loaded at once; what is kept waits for none of them.
func TestFewLoadsAtOnce(t *testing.T) {
	const asked = 12
	var now atomic.Int32
	began, release := make(chan uint64, asked), make(chan struct{})
	h := newHistories(nil, 1<<20, newReading(asked))
	h.certificate = nil
	h.block = func(height uint64) (*block.History, []byte, error) {
		if height == asked {
			return &block.History{Block: &chain.Block{}}, []byte("kept"), nil
		}
		if now.Add(1) > loadsAtOnce {
			t.Errorf("%d loads at once", now.Load())
		}
		began <- height
		<-release
		now.Add(-1)
		return nil, nil, errors.New("large")
	}
	get := func(height uint64) error {
		return h.read(t.Context(), func() error { _, err := h.get(height); return err })
	}
	if err := get(asked); err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	for height := range uint64(asked - 1) {
		done.Go(func() { _ = get(height) })
	}
	for range loadsAtOnce {
		<-began
	}
	if err := get(asked); err != nil {
		t.Error(err)
	}
	close(release)
	done.Wait()
}
