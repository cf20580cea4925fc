package account

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Kind says why a lane refuses or drops a message, for programs; it keeps its meaning for good.
type Kind string

// The kinds.
const (
	NonceUsed      Kind = "nonce_used"       // the account has processed a message with this nonce
	NonceAhead     Kind = "nonce_ahead"      // too many are missing before it
	NonceTaken     Kind = "nonce_taken"      // another message waits with this nonce, and this one pays too little to replace it
	Replaced       Kind = "replaced"         // another message took its place
	Expired        Kind = "expired"          // no block that can still come may hold it
	NoAccount      Kind = "no_account"       // the signer's account doesn't exist
	NotWriter      Kind = "not_writer"       // the chain takes messages of listed keys alone
	GasPriceLow    Kind = "gas_price_low"    // below the chain's least
	GasLimitLow    Kind = "gas_limit_low"    // doesn't suffice for the message itself
	GasLimitHigh   Kind = "gas_limit_high"   // above what any message may have
	GasOverBalance Kind = "gas_over_balance" // the balance doesn't cover the gas of all that wait
	Stranded       Kind = "stranded"         // the message before it was dropped, and too many wait behind a missing nonce
	LaneFull       Kind = "lane_full"        // the account has as many waiting as it may
	UnknownMethod  Kind = "unknown_method"   // neither a command nor a method of code, which the account doesn't have
	NotAdmitted    Kind = "not_admitted"     // any other reason of exec.Admit
)

// Refusal is why a message has no place in its account's lane, or no longer: its kind, and words with the value and what
// is allowed.
type Refusal struct {
	Kind  Kind
	Words string
}

// Error is the words.
func (r *Refusal) Error() string { return r.Words }

func refuse(kind Kind, format string, args ...any) *Refusal {
	return &Refusal{kind, fmt.Sprintf(format, args...)}
}

var kinds = map[exec.RefusalKind]Kind{
	exec.NoAccount: NoAccount, exec.NotWriter: NotWriter, exec.NonceTaken: NonceUsed, exec.Expired: Expired, exec.GasPriceLow: GasPriceLow,
	exec.GasLimitLow: GasLimitLow, exec.GasLimitHigh: GasLimitHigh, exec.GasOverBalance: GasOverBalance,
}

// FromExec is the refusal of a message at its place in a block.
func FromExec(r *exec.Refusal) *Refusal {
	kind, ok := kinds[r.Kind]
	if !ok {
		kind = NotAdmitted
	}
	return &Refusal{kind, r.Error()}
}

// fromProgram is the refusal of what could only fail in a block; an error that is no *exec.Failure is the state's.
func fromProgram(err error) error {
	var f *exec.Failure
	switch {
	case !errors.As(err, &f):
		return err
	case f.Status == chain.StatusUnknownMethod:
		return &Refusal{UnknownMethod, f.Error()}
	}
	return &Refusal{NotAdmitted, f.Error()}
}

// ReplacedBy is why a message left the lane for m, which has the same nonce.
func ReplacedBy(m *chain.Message) *Refusal {
	return refuse(Replaced, "nonce %d: message %s with gas price %d took the place of this one", m.Nonce, m.ID(), m.GasPrice)
}

// UsedBy is why m left the lane when a block used its nonce for another message.
func UsedBy(m *chain.Message) *Refusal {
	return refuse(NonceUsed, "nonce %d was used by another message of the account, which another node put into a block", m.Nonce)
}

// ExpiredAt is why a message left the lane before a block of the given height.
func ExpiredAt(m *chain.Message, height uint64) *Refusal {
	return FromExec(&exec.Refusal{Kind: exec.Expired, Got: m.ValidUntil, Want: height})
}

// UnpaidBy is why m left the lane of an account that has only balance left.
func UnpaidBy(m *chain.Message, balance chain.Amount) *Refusal {
	return refuse(GasOverBalance, "gas over balance: %d units at a price of %d, with those before it, cost more than the %s that the account has left",
		m.GasLimit, m.GasPrice, balance)
}

// Strand is why m left the lane when a message before it did.
func Strand(m *chain.Message) *Refusal {
	return refuse(Stranded, "nonce %d: a message before it was dropped, and the node keeps no more that wait for one", m.Nonce)
}
