package account

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Limits bound what waits for a block (SPEC 2.2, DESIGN D12).
type Limits struct {
	// Ahead is how many nonces, counted from the account's next, a lane is open for: enough to send a burst without waiting
	// for blocks, few enough that a gap can't hide much.
	Ahead uint64
	// Messages is how many of one account may wait.
	Messages int
	// Publications is how many of those may publish code: one is as large as 70 others, and two are a contract and its mend.
	Publications int
	// Total is how many of all accounts together may wait at a node, and Bytes how much memory they may take. Half of both
	// may wait behind a missing nonce: that costs its senders nothing, so it must not keep out what a block can hold.
	Total int
	Bytes int64
}

// DefaultLimits are those of a node that sets none.
func DefaultLimits() Limits {
	return Limits{Ahead: 64, Messages: 64, Publications: 2, Total: 10_000, Bytes: 64 << 20}
}

// OrDefault is l with the default for every limit that is zero.
func (l Limits) OrDefault() Limits {
	d := DefaultLimits()
	return Limits{
		cmp.Or(l.Ahead, d.Ahead), cmp.Or(l.Messages, d.Messages), cmp.Or(l.Publications, d.Publications),
		cmp.Or(l.Total, d.Total), cmp.Or(l.Bytes, d.Bytes),
	}
}

// Load is messages and the memory that they take.
type Load struct {
	Messages int
	Bytes    int64
}

// LoadOf is that of one message.
func LoadOf(m *chain.Message) Load {
	const fixed = 512 // the struct, and its place in the lane
	return Load{1, int64(fixed + len(m.Method) + len(m.Input) + len(m.Proof))}
}

// Plus and Minus are sums by part.
func (l Load) Plus(o Load) Load  { return Load{l.Messages + o.Messages, l.Bytes + o.Bytes} }
func (l Load) Minus(o Load) Load { return Load{l.Messages - o.Messages, l.Bytes - o.Bytes} }

// Lane is an account's part of the mempool: external messages that wait for their place, by nonce (A3).
type Lane struct {
	waiting      []waiting    // by nonce
	cost         chain.Amount // of the gas of all that wait
	bytes        int64
	publications int // among them
}

type waiting struct {
	nonce   uint64
	message *chain.Message
}

// Len is the number of messages that wait.
func (l *Lane) Len() int { return len(l.waiting) }

// Load is what waits.
func (l *Lane) Load() Load { return Load{len(l.waiting), l.bytes} }

// Offer asks for a place for m, whose form and signature are verified, behind the final record of its account. The error
// is a *Refusal. A message that waits already is taken again and changes nothing; one with the nonce of another replaces it
// if it pays enough more, and the replaced one is returned.
func (l *Lane) Offer(c *exec.Context, limits Limits, final chain.Account, m *chain.Message) (replaced *chain.Message, err error) {
	at, taken := l.find(m.Nonce)
	if taken && l.waiting[at].message.ID() == m.ID() {
		return nil, nil
	}
	if err := Admit(c, limits, final, m); err != nil {
		return nil, err
	}
	cost := l.cost
	if taken {
		replaced = l.waiting[at].message
		if least := replacementPrice(replaced.GasPrice); m.GasPrice < least || m.GasPrice == replaced.GasPrice {
			return nil, refuse(NonceTaken, "nonce %d is taken by message %s, which waits: to replace it takes a gas price of at least %d, not %d",
				m.Nonce, replaced.ID(), least, m.GasPrice)
		}
		cost = without(cost, replaced)
	}
	if full := l.full(limits, m, replaced); full != nil {
		return nil, full
	}
	cost, err = cost.Add(gasCost(m))
	if err != nil || final.Balance.Less(cost) {
		return nil, refuse(GasOverBalance, "gas over balance: the gas of this message and of %d that wait costs more than the balance of %s",
			l.Len(), final.Balance)
	}
	if taken {
		l.cut(at, at+1)
	}
	l.cost = cost
	l.waiting = slices.Insert(l.waiting, at, waiting{m.Nonce, m})
	l.count(m, 1)
	return replaced, nil
}

// full says why there is no room for m beside what waits but for replaced, which may be nil.
func (l *Lane) full(limits Limits, m, replaced *chain.Message) error {
	switch {
	case replaced == nil && len(l.waiting) >= limits.Messages:
		return refuse(LaneFull, "%d messages of the account wait (limit %d): try again when a block has taken some", len(l.waiting), limits.Messages)
	case publishes(m) && (replaced == nil || !publishes(replaced)) && l.publications >= limits.Publications:
		return refuse(LaneFull, "%d publications of the account wait (limit %d): try again when a block has taken one", l.publications, limits.Publications)
	}
	return nil
}

func publishes(m *chain.Message) bool { return m.Method == chain.MethodPublish }

// count notes that m came, or went if by is -1.
func (l *Lane) count(m *chain.Message, by int) {
	l.bytes += int64(by) * LoadOf(m).Bytes
	if publishes(m) {
		l.publications += by
	}
}

// Admit says why m can't wait behind the final record of its account, whatever else does. The error is a *Refusal, or the
// state's.
func Admit(c *exec.Context, limits Limits, final chain.Account, m *chain.Message) error {
	if refusal := admit(c, limits, final, m); refusal != nil {
		return refusal
	}
	if _, err := c.Programs.Program(m.From, final, m); err != nil {
		return fromProgram(err)
	}
	return nil
}

func admit(c *exec.Context, limits Limits, final chain.Account, m *chain.Message) *Refusal {
	switch {
	case !final.Exists():
		return FromExec(&exec.Refusal{Kind: exec.NoAccount})
	case m.Nonce < final.Nonce:
		return refuse(NonceUsed, "nonce %d is used: the account's next is %d", m.Nonce, final.Nonce)
	case m.Nonce-final.Nonce >= limits.Ahead:
		return refuse(NonceAhead, "nonce %d is too far ahead: the account's next is %d, and at most %d are kept", m.Nonce, final.Nonce, limits.Ahead)
	}
	then := final // as if those before it had been processed
	then.Nonce = m.Nonce
	if r := exec.Admit(c, then, m); r != nil {
		return FromExec(r)
	}
	return nil
}

// replacementPrice is the least gas price for which a message replaces one at price: a tenth more, so that each replacement,
// which every node passes on, costs something.
func replacementPrice(price uint64) uint64 {
	more := max(1, price/10+(price%10+9)/10)
	if price > math.MaxUint64-more {
		return math.MaxUint64
	}
	return price + more
}

// Next is the message with the given nonce, nil if none waits.
func (l *Lane) Next(nonce uint64) *chain.Message {
	if len(l.waiting) == 0 || nonce < l.waiting[0].nonce {
		return nil
	}
	if i := nonce - l.waiting[0].nonce; i < uint64(len(l.waiting)) && l.waiting[i].nonce == nonce { // no gap
		return l.waiting[i].message
	}
	if at, ok := l.find(nonce); ok {
		return l.waiting[at].message
	}
	return nil
}

// Use drops what has a nonce below next, which is used for good.
func (l *Lane) Use(next uint64) {
	n, _ := l.find(next)
	l.cut(0, n)
}

// below lists what Use would drop.
func (l *Lane) below(next uint64) (list []*chain.Message) {
	n, _ := l.find(next)
	for _, w := range l.waiting[:n] {
		list = append(list, w.message)
	}
	return list
}

// Drop takes m out, if it waits.
func (l *Lane) Drop(m *chain.Message) {
	if at, ok := l.find(m.Nonce); ok && l.waiting[at].message == m {
		l.cut(at, at+1)
	}
}

// Expire takes out what a block of the given height can't hold any more. What waits behind a gap leaves in no other way.
func (l *Lane) Expire(height uint64) (expired []*chain.Message) {
	for i := 0; i < len(l.waiting); {
		if m := l.waiting[i].message; m.ValidUntil < height {
			expired = append(expired, m)
			l.cut(i, i+1)
		} else {
			i++
		}
	}
	return expired
}

// Trim takes out, from the last one on, what costs gas until the balance covers the rest (A3): an account must not hold
// places for what it has spent elsewhere.
func (l *Lane) Trim(balance chain.Amount) (unpaid []*chain.Message) {
	for i := len(l.waiting) - 1; i >= 0 && balance.Less(l.cost); i-- {
		if m := l.waiting[i].message; !gasCost(m).IsZero() {
			unpaid = append(unpaid, m)
			l.cut(i, i+1)
		}
	}
	return unpaid
}

// run is how many messages wait without a gap from nonce next on, the first that isn't used.
func (l *Lane) run(next uint64) int {
	if n := len(l.waiting); n == 0 || l.waiting[n-1].nonce-next == uint64(n-1) { // mostly
		return n
	}
	return sort.Search(len(l.waiting), func(i int) bool { return l.waiting[i].nonce-next != uint64(i) })
}

// from is what waits from number i on.
func (l *Lane) from(i int) (sum Load) {
	for _, w := range l.waiting[i:] {
		sum = sum.Plus(LoadOf(w.message))
	}
	return sum
}

// dropFrom takes out the messages from number i on.
func (l *Lane) dropFrom(i int) (dropped []*chain.Message) {
	for _, w := range l.waiting[i:] {
		dropped = append(dropped, w.message)
	}
	l.cut(i, len(l.waiting))
	return dropped
}

// cut removes the messages from up to, not including, to.
func (l *Lane) cut(from, to int) {
	for _, w := range l.waiting[from:to] {
		l.cost = without(l.cost, w.message)
		l.count(w.message, -1)
	}
	l.waiting = slices.Delete(l.waiting, from, to)
	if len(l.waiting) == 0 {
		l.waiting = nil // most accounts have nothing waiting: hold no memory for it
	}
}

func (l *Lane) find(nonce uint64) (int, bool) {
	return slices.BinarySearchFunc(l.waiting, nonce, func(w waiting, n uint64) int { return cmp.Compare(w.nonce, n) })
}

func gasCost(m *chain.Message) chain.Amount { return chain.Mul(m.GasLimit, m.GasPrice) }

func without(sum chain.Amount, m *chain.Message) chain.Amount {
	rest, err := sum.Sub(gasCost(m))
	assert.NoError(err, "cost of a lane")
	return rest
}
