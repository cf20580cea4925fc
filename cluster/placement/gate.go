package placement

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

const (
	// answers is how many questions may be answered at once, and answersEach how many of them of one node. A node that keeps to callsAtOnce can meet
	// answersEach only when it puts all to this node, and those who ask it go away: their questions are answered all the same.
	answers, answersEach = 512, 256
	// answerBytes bounds the questions that are being answered together.
	answerBytes = 64 << 20
	// longestAnswer is how long an answer may take, whatever the question says.
	longestAnswer = 90 * time.Second
)

// Asked is a question as Config.Answer gets it.
type Asked struct {
	Account chain.Address
	Body    []byte // its memory is the answerer's
}

// gate is the one process that other nodes may send to: it takes questions in, and bounds them (P3).
type gate struct {
	*places
	p *Placement
}

// SendUserMessage implements actor.Process. It is called where frames are read, and doesn't wait.
func (g *gate) SendUserMessage(_ *actor.PID, message any) {
	_, body, sender := actor.UnwrapEnvelope(message)
	letter, ok := body.(*wrapperspb.BytesValue)
	if !ok || sender == nil {
		g.p.counts.add(CountNoLetter)
		return
	}
	q, err := decodeQuestion(letter.Value)
	if err != nil {
		g.p.counts.add(CountNoLetter)
		return
	}
	if !g.take(sender.Address, len(letter.Value)) {
		g.p.counts.add(CountRefused)
		g.p.reply(sender, &answer{outcome: occupied})
		return
	}
	go func() { // counted by take
		defer g.give(sender.Address, len(letter.Value))
		g.p.reply(sender, g.p.answer(sender.Address, q))
	}()
}

// SendSystemMessage implements actor.Process: nobody watches or stops the gate.
func (g *gate) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (g *gate) Stop(*actor.PID) {}

func (p *Placement) reply(to *actor.PID, a *answer) {
	p.system.Root.Send(to, wrapperspb.Bytes(a.encode()))
}

// answer answers a question of a node, or says who should be asked.
func (p *Placement) answer(from string, q question) *answer {
	id := q.account.Chain()
	switch here := p.config.Has(id); {
	case !here && q.who == askThrough:
		return p.passOn(from, q)
	case !here:
		p.counts.add(CountAbsent)
		return &answer{outcome: absent}
	}
	if leader, ok := p.leader(id); q.who == askLeader && ok && leader != p.self {
		p.counts.add(CountMoved)
		return &answer{outcome: elsewhere, node: leader}
	}
	ctx, cancel := context.WithTimeout(p.ctx, min(q.patience, longestAnswer))
	defer cancel()
	body, err := p.asked(ctx, Asked{q.account, q.body})
	switch {
	case ctx.Err() != nil:
		return &answer{outcome: occupied} // another node may be faster
	case err == nil && len(body) > MaxBody:
		return &answer{outcome: failed, words: ErrLong.Error()}
	case err != nil:
		return &answer{outcome: failed, words: err.Error()}
	}
	p.counts.add(CountAnswered)
	return &answer{outcome: answered, body: body}
}

// asked has the owner answer. If it panics that question fails, and the process goes on.
func (p *Placement) asked(ctx context.Context, a Asked) (body []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			p.config.Log.Error("answering another node panicked", "account", a.Account, "panic", v, "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return p.config.Answer(ctx, a)
}

var errPanic = errors.New("internal error")

// leader is who leads a chain that is here, as this node sees it.
func (p *Placement) leader(id chain.ID) (keys.PublicKey, bool) { return p.config.Leader(id) }
