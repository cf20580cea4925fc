package relay_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
)

// eager is a chain that always has a block which sends something to chain b.
type eager struct{ relay.Chain }

func (eager) Run(from uint64) (*chain.Digest, error) {
	return &chain.Digest{Headers: []chain.Header{{Chain: a, Height: from, Leaving: []chain.Leaving{{Chain: b}}}}}, nil
}

// What is refused is carried again after a pause that doubles up to 4 s, and at once when something was recorded; where that has cost its gas, up to
// some minutes.
func TestRefusedIsCarriedLessOften(t *testing.T) {
	const ms = time.Millisecond
	refusedTill(t, errors.New("refused"), 13*time.Second, 0, 250*ms, 750*ms, 1750*ms, 3750*ms, 7750*ms, 11750*ms, 11750*ms, 12000*ms, 12500*ms)
	long := []time.Duration{0, 250 * ms, 750 * ms, 1750 * ms, 3750 * ms, 7750 * ms, 15750 * ms, 15750 * ms} // the seventh is recorded
	for wait := 250 * ms; wait <= 256_000*ms; wait *= 2 {
		long = append(long, long[len(long)-1]+wait)
	}
	long = append(long, long[len(long)-1]+256_000*ms)
	refusedTill(t, fmt.Errorf("refused: %w", relay.ErrPaid), long[len(long)-1]+time.Second, long...)
}

// refusedTill has every digest but the seventh refused for a time, and says when it must be posted.
func refusedTill(t *testing.T, refusal error, till time.Duration, want ...time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var posted []time.Duration
		began, all := time.Now(), relay.NewChains()
		all.Add(a, eager{})
		c := &relay.Carrier{
			Courier: relay.Courier{
				Chains: all, Child: a, Parent: main, Tree: func() chain.Tree { return family }, Hurry: func() {},
				Entry: func(s exec.Slot) ([]byte, error) {
					switch s.Key {
					case chain.ChildKey(a):
						return chain.Child{}.Encode(), nil
					case chain.KeyTree:
						return family.Encode(), nil
					case chain.ChildCommitteeKey(a):
						return (&chain.Committee{Chain: a, Seats: []chain.Seat{{Node: seatOf(a)}}}).Append(nil), nil
					}
					return nil, nil
				},
			},
			Post: func(context.Context, chain.CallInput) error {
				posted = append(posted, time.Since(began).Round(time.Millisecond))
				if len(posted) == 7 {
					return nil
				}
				return refusal
			},
			Lazily: 10 * time.Hour, Log: slog.New(slog.DiscardHandler),
		}
		ctx, cancel := context.WithTimeout(t.Context(), till)
		defer cancel()
		c.Start()
		c.Run(ctx)
		if len(posted) != len(want) {
			t.Fatalf("posted at %v, want %v", posted, want)
		}
		for i := range want {
			if posted[i] != want[i] {
				t.Errorf("posted at %v, want %v", posted, want)
				break
			}
		}
	})
}
