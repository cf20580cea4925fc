package placement

import (
	"errors"
	"fmt"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Letters are what nodes send each other through proto.actor: opaque bytes to it (DESIGN D10). The first byte says the version, which
// frames of the transport's handshake can't negotiate here: a node that doesn't know it answers nothing, and is asked no more.
const letterVersion = 1

const (
	// MaxBody is the longest body of a question or an answer: a publication of code, the longest message, fits.
	MaxBody = chain.MaxPublicationBytes + 64<<10
	// maxWords is how much of a reason is sent.
	maxWords = 200
	// maxLetter is the longest letter, and maxFrame the longest frame of proto.actor's around one.
	maxLetter = MaxBody + 1<<10
	maxFrame  = maxLetter + 2<<10
)

// ask says who may answer.
type ask uint8

const (
	askLeader   ask = 1 // who leads the chain; others say who does
	askAny      ask = 2 // who has the chain
	askAnyAfter ask = 3 // like askAny, where the leader was looked for long enough
	askThrough  ask = 4 // who has the chain, or reaches one who has
)

// question is a letter to the gate of a node.
type question struct {
	who      ask
	account  chain.Address
	patience time.Duration // for how long the answer is waited for; whole milliseconds
	body     []byte
}

// ErrLetter is a letter that no node following the protocol sends.
var ErrLetter = errors.New("letter between nodes")

func (q *question) encode() []byte {
	b := append([]byte{letterVersion, byte(q.who)}, q.account[:]...)
	b = wire.AppendU32(b, uint32(q.patience.Milliseconds()))
	return wire.AppendBytes(b, q.body)
}

// decodeQuestion shares memory with b.
func decodeQuestion(b []byte) (q question, err error) {
	r := wire.NewReader(b)
	r.Version("question", letterVersion)
	q.who = ask(r.U8("who may answer"))
	r.Into("account", q.account[:])
	q.patience = time.Duration(r.U32("patience")) * time.Millisecond
	q.body = r.Bytes("body", MaxBody)
	if err := r.Done(); err != nil {
		return question{}, fmt.Errorf("%w: %w", ErrLetter, err)
	}
	if q.who < askLeader || q.who > askThrough || q.account.Chain() == 0 {
		return question{}, fmt.Errorf("%w: for %d, of account %s", ErrLetter, q.who, q.account)
	}
	return q, nil
}

// outcome says what an answer is.
type outcome uint8

const (
	answered  outcome = 1 // with the body
	elsewhere outcome = 2 // node leads the chain
	absent    outcome = 3 // the chain is not here
	occupied  outcome = 4 // try again later
	failed    outcome = 5 // words say why
)

// answer is a letter to who asked.
type answer struct {
	outcome outcome
	node    keys.PublicKey // elsewhere
	words   string         // failed
	body    []byte         // answered
}

func (a *answer) encode() []byte {
	b := []byte{letterVersion, byte(a.outcome)}
	switch a.outcome {
	case answered:
		b = append(b, a.body...)
	case elsewhere:
		b = append(b, a.node[:]...)
	case failed:
		b = append(b, a.words[:min(len(a.words), maxWords)]...)
	}
	return b
}

// decodeAnswer shares memory with b.
func decodeAnswer(b []byte) (a answer, err error) {
	r := wire.NewReader(b)
	r.Version("answer", letterVersion)
	a.outcome = outcome(r.U8("outcome"))
	rest := r.Left()
	switch a.outcome {
	case answered:
		if rest > MaxBody {
			return answer{}, fmt.Errorf("%w: a body of %d bytes (limit %d)", ErrLetter, rest, MaxBody)
		}
		a.body = r.Fixed("body", rest)
	case elsewhere:
		r.Into("node", a.node[:])
	case failed:
		if rest > maxWords {
			return answer{}, fmt.Errorf("%w: %d bytes of words (limit %d)", ErrLetter, rest, maxWords)
		}
		a.words = string(r.Fixed("words", rest))
	case absent, occupied:
	default:
		return answer{}, fmt.Errorf("%w: outcome %d", ErrLetter, a.outcome)
	}
	if err := r.Done(); err != nil {
		return answer{}, fmt.Errorf("%w: %w", ErrLetter, err)
	}
	return a, nil
}
