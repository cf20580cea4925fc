package placement

import (
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/keys"
)

// Attack sends the frames of one of the attacks to a port, with a key whose node says that it is at an address; nil if they are taken.
func Attack(t *testing.T, key keys.PrivateKey, at, to, name string) error {
	a := newAttacker(t, key, at, to)
	frames := a.attacks()[name]
	if frames == nil {
		t.Fatalf("no attack is called %q", name)
	}
	return a.send(5*time.Second, frames...)
}
