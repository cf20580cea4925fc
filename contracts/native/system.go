package native

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// Committees makes a committee able to check what it is said to have signed. Equal arguments give equal results on every machine
// (I9); an error is the committee's: its keys don't decode.
type Committees interface {
	Committee(network chain.NetworkID, c chain.Committee) (*light.Committee, error)
}

// decoded decodes a committee's keys each time.
type decoded struct{}

func (decoded) Committee(network chain.NetworkID, c chain.Committee) (*light.Committee, error) {
	return light.NewCommittee(network, c)
}

// actor is a system actor: what it does with each method beside the common messages.
type actor map[string]action

// system is the actor whose account is self.
func (p Programs) system(self chain.Address) actor {
	switch self {
	case chain.RegistryAddress():
		return registryActor
	case chain.NodesAddress():
		return nodesActor
	}
	d := digests{p.Committees}
	if d.committees == nil {
		d.committees = decoded{}
	}
	return actor{
		chain.MethodDigest: d.digest, chain.MethodFork: d.fork, chain.MethodRelease: release,
		chain.MethodChild: adopt, chain.MethodValve: setChildValve,
	}
}

// Handle does what the method says.
func (a actor) Handle(env *exec.Env) error {
	do, ok := a[env.Message.Method]
	if !ok {
		return exec.Fail(chain.StatusUnknownMethod, "%q is no method of the system actor %s", env.Message.Method, env.Self)
	}
	if err := env.ChargeNewAccount(); err != nil {
		return err
	}
	return do(env)
}

// noAmount refuses money that nobody could get back.
func noAmount(m *chain.Message) error {
	if !m.Amount.IsZero() {
		return exec.Fail(chain.StatusBadInput, "%s: it takes no amount", m.Method)
	}
	return nil
}

// badInput is the failure of an input that doesn't decode.
func badInput(m *chain.Message, err error) error {
	return exec.Fail(chain.StatusBadInput, "%s: %v", m.Method, err)
}

func refused(format string, args ...any) error {
	return exec.Fail(chain.StatusRefused, format, args...)
}

// entryOf reads an entry of the actor's own and decodes it. The second result is false if there is none. One that doesn't decode is
// damage of the state's.
func entryOf[T any](env *exec.Env, key string, decode func([]byte) (T, error)) (value T, ok bool, err error) {
	b, err := env.Read(key)
	if err != nil || b == nil {
		return value, false, err
	}
	return decodeEntry(key, b, decode)
}

// systemOf is entryOf for the chain's own account.
func systemOf[T any](env *exec.Env, key string, decode func([]byte) (T, error)) (value T, ok bool, err error) {
	b, err := env.System(key)
	if err != nil || b == nil {
		return value, false, err
	}
	return decodeEntry(key, b, decode)
}

func decodeEntry[T any](key string, b []byte, decode func([]byte) (T, error)) (T, bool, error) {
	value, err := decode(b)
	if err != nil {
		return value, false, fmt.Errorf("entry %q of the state: %w", key, err)
	}
	return value, true, nil
}

// possesses checks that a node has its BLS key: who may choose a key freely can sign for others (keys.BLSPublicKey).
func possesses(env *exec.Env, node keys.PublicKey, proves func() error) error {
	if err := env.Charge(gas.Possession); err != nil {
		return err
	}
	if err := proves(); err != nil {
		return refused("node %s: %v", node, err)
	}
	return nil
}

// checkName refuses names that don't look the same to everybody: printable ASCII alone is allowed.
func checkName(name string) error {
	if name == "" {
		return exec.Fail(chain.StatusBadInput, "a name of 1 to %d letters is needed", chain.MaxNameBytes)
	}
	if name[0] == ' ' || name[len(name)-1] == ' ' {
		return exec.Fail(chain.StatusBadInput, "name %q: it must not begin or end with a space", name)
	}
	for _, c := range []byte(name) {
		if c < ' ' || c > '~' {
			return exec.Fail(chain.StatusBadInput, "name %q: letters, digits and signs of ASCII are allowed", name)
		}
	}
	return nil
}
