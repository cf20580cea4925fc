package exec

import "fmt"

// RefusalKind says why an external message can't be an input.
type RefusalKind uint8

// The reasons, in the order in which Admit looks for them.
const (
	NoAccount RefusalKind = iota + 1
	NotWriter
	NonceTaken
	Expired
	GasPriceLow
	GasLimitLow
	GasLimitHigh
	GasOverBalance
)

// Refusal is why an external message can't be an input: what it says, and what it would have to say.
type Refusal struct {
	Kind      RefusalKind
	Got, Want uint64
}

// Error names the value and what is allowed.
func (r *Refusal) Error() string {
	switch r.Kind {
	case NoAccount:
		return "no such account: somebody must pay it before it can send"
	case NotWriter:
		return "not a writer: the chain takes messages of listed keys alone"
	case NonceTaken:
		return fmt.Sprintf("nonce %d: the account's next is %d", r.Got, r.Want)
	case Expired:
		return fmt.Sprintf("valid until height %d: the next block is %d", r.Got, r.Want)
	case GasPriceLow:
		return fmt.Sprintf("gas price %d: the chain's least is %d", r.Got, r.Want)
	case GasLimitLow:
		return fmt.Sprintf("gas limit %d: this message needs at least %d", r.Got, r.Want)
	case GasLimitHigh:
		return fmt.Sprintf("gas limit %d: the most is %d", r.Got, r.Want)
	}
	return fmt.Sprintf("gas over balance: %d units at a price of %d cost more than the account has", r.Got, r.Want)
}
