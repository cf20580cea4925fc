package host

import (
	"encoding/base64"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Place is the proto.actor address of a chain's accounts: "chain/1". A PID there reaches the account whether it is in
// memory or not.
func Place(c chain.ID) string { return fmt.Sprintf("chain/%d", c) }

// PID is the account's: valid for good, also while the account is not in memory.
func (h *Host) PID(a chain.Address) *actor.PID { return actor.NewPID(h.place, name(a)) }

// name is an account's name among actors: 32 letters, where the text form has 48.
func name(a chain.Address) string { return base64.RawURLEncoding.EncodeToString(a[:]) }

// parseName reads a name, or the text form.
func parseName(s string) (a chain.Address, err error) {
	if len(s) != base64.RawURLEncoding.EncodedLen(chain.AddressSize) {
		return chain.ParseAddress(s)
	}
	_, err = base64.RawURLEncoding.Decode(a[:], []byte(s))
	return a, err
}

// resolve finds the process behind a PID at the chain's place.
func (h *Host) resolve(pid *actor.PID) (actor.Process, bool) {
	if pid.Address != h.place {
		return nil, false
	}
	a, err := parseName(pid.Id)
	if err != nil || a.Chain() != h.config.Chain {
		return nil, false // a dead letter
	}
	return &virtual{h, a}, true
}

// virtual is an account as others reach it: it looks the live one up for every message, and so outlives it.
type virtual struct {
	host    *Host
	address chain.Address
}

// SendUserMessage activates the account if it isn't in memory.
func (v *virtual) SendUserMessage(_ *actor.PID, message any) {
	v.host.postUser(v.address, message)
}

// SendSystemMessage lets the account be watched. Nobody outside can stop or restart it.
func (v *virtual) SendSystemMessage(pid *actor.PID, message any) {
	switch message.(type) {
	case *actor.Watch, *actor.Unwatch:
		v.host.post(nil, v.address, &node{task: systemMessage{message}})
	default:
		v.host.system.DeadLetter.SendSystemMessage(pid, message)
	}
}

// Stop does nothing: an account leaves memory when it is idle.
func (v *virtual) Stop(*actor.PID) {}
