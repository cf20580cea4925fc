package host

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Config says whose accounts a Host keeps, and how many. A zero number stands for its default.
type Config struct {
	Chain chain.ID
	State exec.State // final; read from many goroutines
	// Workers run the actors [one per core].
	Workers int
	// MaxResident is how many accounts stay in memory between blocks [200,000]: about 0.7 KB each beside state.
	MaxResident int
	// IdleBlocks is after how many blocks without a message an account leaves memory [256].
	IdleBlocks int
	// MaxQueries is how many messages of proto.actor's own may wait [4096]: each is answered within microseconds, so more
	// means that somebody floods.
	MaxQueries int
	Lane       account.Limits
	// Ready, if set, says whether an account, whose record is given, can handle a message now. One that can't stays in its lane
	// or in the queue, or is carried out: all others go on. Where time has run out for that (a carried message whose account
	// changed in the block), it is handled all the same. It is called by workers, several at once.
	Ready func(*exec.Context, chain.Account, *chain.Message) (bool, error)
	// Fatal is told, once, why the host stopped handling messages. It must not wait for the host.
	Fatal func(error)
	// Dropped is told of a message that left its lane without being handled: refused at its place, expired, replaced. Not of
	// one whose nonce another block used. It is called by workers, several at once.
	Dropped func(id chain.MessageID, reason error)
	Log     *slog.Logger
}

// complete fills in the defaults and names what is missing.
func (c Config) complete() (Config, error) {
	if c.Chain == 0 || c.State == nil || c.Fatal == nil {
		return c, errors.New("host: chain, state and fatal must be given")
	}
	for _, n := range []struct {
		field        string
		value        *int
		defaultValue int
	}{
		{"workers", &c.Workers, runtime.GOMAXPROCS(0)}, {"max resident", &c.MaxResident, 200_000},
		{"idle blocks", &c.IdleBlocks, 256}, {"max queries", &c.MaxQueries, 4096},
	} {
		if *n.value < 0 {
			return c, fmt.Errorf("host: %s %d: it must be 0 for the default of %d, or more", n.field, *n.value, n.defaultValue)
		}
		if *n.value == 0 {
			*n.value = n.defaultValue
		}
	}
	c.Lane = c.Lane.OrDefault()
	if c.Dropped == nil {
		c.Dropped = func(chain.MessageID, error) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
