package api

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// N2: one address has half of the places, however many of its requests wait; others get by, and nothing is left when all have ended.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places, asked = 8, 100
		all := newTurns(places)
		release := make(chan struct{})
		inside := func(at from, n int) (began chan from) {
			began = make(chan from, n)
			for range n {
				go func() {
					_ = all.do(withFrom(t.Context(), at), func() error {
						began <- at
						<-release
						return nil
					})
				}()
			}
			synctest.Wait()
			return began
		}
		if n := len(inside("one", asked)); n != places/2 {
			t.Errorf("%d of one address are at it", n)
		}
		called := errors.New("called")
		if err := all.do(withFrom(t.Context(), "another"), func() error { return called }); !errors.Is(err, called) {
			t.Error(err)
		}
		if n := len(inside("", asked)); n != places/2 {
			t.Errorf("%d without an address are at it", n)
		}
		if n := len(inside("", 1)); n != 0 {
			t.Error("one more without an address is at it")
		}
		late, cancel := context.WithTimeout(withFrom(t.Context(), "late"), time.Second)
		defer cancel()
		if err := all.do(late, func() error { return called }); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		close(release)
		synctest.Wait()
		if len(all.of) != 0 || len(all.all) != 0 {
			t.Errorf("%d addresses and %d places are left", len(all.of), len(all.all))
		}
	})
}
