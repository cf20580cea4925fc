package block

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// CheckForm says what is wrong with an external message whatever the state, or nil: the rules for its fields on the chain
// with the given network and id. Its signature is checked with others, by Signatures.
func CheckForm(network chain.NetworkID, id chain.ID, m *chain.Message) *FormError {
	switch {
	case m.Kind != chain.External:
		return &FormError{FormKind, "it is a relay: only messages signed by an account's key come in here"}
	case m.Network != network:
		return &FormError{FormNetwork, fmt.Sprintf("it is for network %s, and this is %s", m.Network, network)}
	case m.From.Chain() != id:
		return &FormError{FormChain, fmt.Sprintf("it is for chain %d, and this is chain %d", m.From.Chain(), id)}
	case m.From != m.To:
		return &FormError{FormReceiver, "an external message goes to the account that signed it: from and to must be equal"}
	case m.Payer != m.From:
		return &FormError{FormPayer, "its payer must be the account that signed it: no other has agreed to pay"}
	case m.Method == "":
		return &FormError{FormMethod, "it names no method"}
	}
	return nil
}

// FormError is what is wrong with the fields of an external message.
type FormError struct {
	Kind  FormErrorKind
	Words string
}

// Error is the words.
func (e *FormError) Error() string { return e.Words }

// FormErrorKind names the field.
type FormErrorKind uint8

// The fields that CheckForm looks at.
const (
	FormKind FormErrorKind = iota + 1
	FormNetwork
	FormChain
	FormReceiver
	FormPayer
	FormMethod
)

// signatureBatch is a size at which verifying together has reached its gain (256 and more).
const signatureBatch = 1024

// Signatures verifies the signatures of external messages, in batches, and returns an error for each: nil, or one of
// chain.ErrUnsigned, chain.ErrWrongKey, chain.ErrSignature.
func Signatures(messages []*chain.Message, each merkle.Each) []error {
	faults := make([]error, len(messages))
	batches := (len(messages) + signatureBatch - 1) / signatureBatch
	each.Run(batches, func(i int) {
		from := i * signatureBatch
		to := min(from+signatureBatch, len(messages))
		signatures(messages[from:to], faults[from:to])
	})
	return faults
}

func signatures(messages []*chain.Message, faults []error) {
	items := make([]keys.Item, 0, len(messages))
	ids := make([]chain.MessageID, len(messages))
	at := make([]int, 0, len(messages))
	for i, m := range messages {
		s, err := m.Signed()
		if err != nil {
			faults[i] = err
			continue
		}
		ids[i] = m.ID()
		items = append(items, keys.Item{Public: s.Public, Message: ids[i][:], Signature: s.Signature})
		at = append(at, i)
	}
	for _, bad := range keys.VerifyBatch(items) {
		faults[at[bad]] = chain.ErrSignature
	}
}

// checkInputs looks at every input on its own: form and signature (SPEC 4.4 a). One that stands there twice finds its nonce
// taken at the second place. Signatures come last, and only those that the block's gas pays for: each input uses at least
// what it costs before it is handled (B3).
func (r *run) checkInputs() *Fault {
	messages := make([]*chain.Message, 0, len(r.inputs)) // whose signatures are not known
	var gas uint64
	for i := range r.inputs {
		m := r.inputs[i].Message
		if err := CheckForm(r.context.Network, r.context.Chain, m); err != nil {
			return &Fault{Part: PartInput, Message: m.ID(), Got: err.Error()}
		}
		if gas += exec.ExternalGas(m); gas > r.context.Params.BlockGas {
			return r.overGas()
		}
		if r.rules.Known == nil || !r.rules.Known(m) {
			messages = append(messages, m)
		}
	}
	for i, err := range Signatures(messages, r.rules.Each) {
		if err != nil {
			return &Fault{Part: PartSignature, Message: messages[i].ID(), Got: err.Error()}
		}
	}
	return nil
}
