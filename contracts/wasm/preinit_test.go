package wasm

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
)

// Start-up code that doesn't end is ended, and who builds the contract is told so; or, when they lost patience, that it was interrupted.
func TestStartupThatLoops(t *testing.T) {
	m, err := module.Decode(guest{handle: repeat(0, 1<<30, 0, 1, access(module.OpI32Store, 0))}.build())
	if err != nil {
		t.Fatal(err)
	}
	handle, ok := m.Export(abi.EntryHandle)
	if !ok {
		t.Fatal("there is no handle")
	}
	handle.Name = entryInitialize
	m.Exports = append(m.Exports, handle)
	code := m.Encode()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer stop()
	if _, err := Initialize(ctx, code); err == nil || !strings.Contains(err.Error(), "it doesn't end: an init function") {
		t.Errorf("error %v", err)
	}
	ctx, interrupt := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, interrupt)
	if _, err := Initialize(ctx, code); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
