package assert_test

import (
	"errors"
	"io"
	"testing"

	"github.com/thinkey/thinkey/sdk/assert"
)

// caught runs f and returns what it panicked with, nil if it returned.
func caught(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	return nil
}

// A1: a check that holds returns, one that doesn't panics with a Failure that names the invariant.
func TestChecks(t *testing.T) {
	for _, c := range []struct {
		name  string
		check func()
		want  string // text of the Failure, "" if the check holds
	}{
		{"That holds", func() { assert.That(true, "unseen %d", 1) }, ""},
		{"That fails", func() { assert.That(false, "nonce %d follows %d", 9, 7) }, "invariant broken: nonce 9 follows 7"},
		{"That without args", func() { assert.That(false, "empty") }, "invariant broken: empty"},
		{"NoError holds", func() { assert.NoError(nil, "unseen") }, ""},
		{"NoError fails", func() { assert.NoError(io.EOF, "decode own block") }, "invariant broken: decode own block: EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			switch r := caught(c.check).(type) {
			case nil:
				if c.want != "" {
					t.Fatalf("returned, want a Failure %q", c.want)
				}
			case assert.Failure:
				if got := r.Error(); got != c.want {
					t.Fatalf("Failure %q, want %q", got, c.want)
				}
			default:
				t.Fatalf("panicked with %T, want assert.Failure", r)
			}
		})
	}
}

// A2: whoever recovers a panic finds the Failure in a chain of errors, and the cause behind it.
func TestFailureIsFound(t *testing.T) {
	err, _ := caught(func() { assert.NoError(io.EOF, "decode own block") }).(error)
	wrapped := errors.Join(errors.New("actor stopped"), err)
	var f assert.Failure
	if !errors.As(wrapped, &f) || f.What != "decode own block" {
		t.Fatalf("no Failure in %v", wrapped)
	}
	if !errors.Is(wrapped, io.EOF) {
		t.Fatalf("cause lost in %v", wrapped)
	}
}

// A check without args costs no allocation, so that it can stay in an inner loop.
func TestNoAllocation(t *testing.T) {
	n := 0
	allocs := testing.AllocsPerRun(100, func() {
		n++
		assert.That(n > 0, "counter is positive")
		assert.NoError(nil, "nothing")
	})
	if allocs != 0 {
		t.Fatalf("%v allocations per check, want 0", allocs)
	}
}
