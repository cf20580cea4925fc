package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Trial is what came of a block that is not stored: one that was proposed, and that a node kept because it didn't verify there.
type Trial struct {
	Block  store.Head `json:"block"` // as its header says
	Parent store.Head `json:"parent"`
	// Valid says that it verifies; else Part, Account and Message say what is wrong, and Why in words.
	Valid    bool            `json:"valid"`
	Part     block.Part      `json:"part,omitempty"`
	Account  chain.Address   `json:"account,omitzero"`
	Message  chain.MessageID `json:"message,omitzero"`
	Why      string          `json:"why,omitempty"`
	Messages int             `json:"messages"` // processed, if it is valid
}

// Try replays an encoded block on the stored state before it. An error says that this can't be done.
func Try(ctx context.Context, o Options, raw []byte) (Trial, error) {
	r, err := begin(ctx, o, newNotes(ofReplay))
	if err != nil {
		return Trial{}, err
	}
	if r.raw == nil {
		return Trial{}, fmt.Errorf("audit: the directory can't be opened: %w", store.ErrDamaged)
	}
	t, err := r.try(raw)
	return t, errors.Join(err, r.release())
}

func (r *run) try(raw []byte) (t Trial, err error) {
	h, err := chain.DecodeBlockHeader(raw)
	if err != nil || h.Height == 0 {
		return t, fmt.Errorf("audit: no block that could be replayed: %w", errors.Join(err, errNoBlock))
	}
	before, err := r.before(h.Height)
	if err != nil {
		return t, err
	}
	t.Block = store.Head{Height: h.Height, Hash: h.Hash(), State: h.Roots.State}
	t.Parent = store.Head{Height: h.Height - 1, Hash: before.hash, State: before.header.Roots.State}
	result, fault, err := r.judge(before, &store.Kept{Height: h.Height, Block: raw})
	t.found(result, fault)
	return t, err
}

// found says what came of it.
func (t *Trial) found(result *block.Result, fault *block.Fault) {
	switch {
	case fault != nil:
		t.Part, t.Account, t.Message, t.Why = fault.Part, fault.Account, fault.Message, fault.Error()
	case result != nil:
		t.Valid, t.Messages = true, len(result.Processed)
	}
}

// TryRecording replays a block from what a node recorded when it verified it, with nothing else. An error says that this can't be done.
func TryRecording(k *evidence.Recording, open func(func(chain.CodeHash) ([]byte, error)) (Engine, error)) (t Trial, err error) {
	h, err := chain.DecodeBlockHeader(k.Raw)
	if err != nil {
		return t, fmt.Errorf("audit: no block that could be replayed: %w", err)
	}
	engine, err := open(k.Code)
	if err != nil {
		return t, err
	}
	t.Block = store.Head{Height: h.Height, Hash: h.Hash(), State: h.Roots.State}
	t.Parent = store.Head{Height: k.Before.Height, Hash: k.Before.Hash(), State: k.Before.Roots.State}
	result, fault, err := k.Replay(engine)
	t.found(result, fault)
	return t, errors.Join(err, engine.Close())
}

var errNoBlock = errors.New("it is not an encoded block above height 0")
