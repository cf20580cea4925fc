package sim

import (
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
)

// load is the users of a network: they send messages to some node, and again to another for as long as they are not final.
type load struct {
	w       *World
	wallets []wallet
	nonces  []uint64 // by wallet
	pending []*chain.Message
	made    int
	houses  []chain.Address // accounts with the contract
	players []chain.Address // accounts with the one that plays ping-pong

	confidant *node // the one that is told, and tells nobody; nil for any
}

func newLoad(w *World) *load {
	list := walletsOf(w.id)
	return &load{w: w, wallets: list, nonces: make([]uint64, len(list))}
}

// start plans the messages of the trouble.
func (l *load) start() {
	r := l.w.random.load
	for i := range l.w.plan.Messages {
		at := r.Uint64N(l.w.plan.Trouble)
		if l.w.plan.Contract && i == 0 {
			at = 0
		}
		l.w.after(at, nil, "user", l.act)
	}
	l.w.after(3000, nil, "users", l.insist)
}

// insist sends what is pending once more, now and then.
func (l *load) insist() {
	if l.w.phase != trouble && l.w.plan.Once {
		return
	}
	l.forget()
	for _, m := range l.pending[:min(len(l.pending), 8)] {
		l.submit(m)
	}
	l.w.after(3000, nil, "users", l.insist)
}

// forget drops what is final, or can't be any more.
func (l *load) forget() {
	l.pending = slices.DeleteFunc(l.pending, l.w.final.settled)
}

// submit hands a message to a node drawn from those that are up.
func (l *load) submit(m *chain.Message) {
	if l.w.rotten {
		return
	}
	if n := l.confidant; n != nil && n.up {
		n.during(func() error { return n.pool.admit(m, false) })
		return
	}
	var up []*node
	for _, n := range l.w.nodes {
		if n.up && n.busy <= l.w.now {
			up = append(up, n)
		}
	}
	if len(up) > 0 {
		n := up[l.w.random.load.IntN(len(up))]
		n.during(func() error { return n.pool.admit(m, true) })
	}
}

// act is a user's wish.
func (l *load) act() {
	if l.w.rotten {
		return
	}
	r := l.w.random.load
	from := r.IntN(len(l.wallets))
	var m *chain.Message
	switch {
	case l.w.plan.Contract && l.made == 0:
		m = l.external(from, chain.MethodPublish, chain.PublishInput{Code: contractCode()}.Encode(), 0)
		m.GasLimit = chain.MaxMessageGas
	case l.w.plan.Contract && l.made == 1 && len(l.w.worlds) > 1:
		m = l.external(from, chain.MethodPublish, chain.PublishInput{Code: playerCode()}.Encode(), 0)
		m.GasLimit = chain.MaxMessageGas
	case l.w.whole.on(Envelopes) && r.IntN(6) == 0 && l.junk():
		return
	case len(l.w.worlds) > 1 && r.IntN(2) == 0:
		m = l.abroad(from)
	case l.w.plan.Contract && r.IntN(3) == 0:
		m = l.contract(from)
	default:
		m = l.payment(from)
	}
	l.send(from, m)
}

// send signs a message with the next nonce of a wallet, and submits it.
func (l *load) send(from int, m *chain.Message) {
	l.made++
	l.nonces[from]++
	l.pending = append(l.pending, m.Sign(l.wallets[from].key))
	l.submit(m)
}

// junkGas is enough for any digest here.
const junkGas = 100_000_000

// post shows the chain blocks of a child, in the name of one of its users.
func (l *load) post(d *chain.Digest) {
	from := l.w.random.load.IntN(len(l.wallets))
	l.send(from, digestMessage(l.w, l.wallets[from], l.nonces[from], d, junkGas))
}

// junk shows the chain blocks of a child that it must not record, and says whether it has a child that has any.
func (l *load) junk() bool {
	r := l.w.random.load
	children := l.w.tree.Children(l.w.id)
	if len(children) == 0 {
		return false
	}
	child := l.w.world(children[r.IntN(len(children))])
	top := uint64(len(child.final.blocks) - 1)
	if top < 4 || child.rotten {
		return false
	}
	shown := keep.RelaysOf(records{child.final.archive, func() uint64 { return top }}, child.id)
	d, err := shown.Run(top - r.Uint64N(3))
	if err != nil || d == nil {
		return false
	}
	h := &d.Headers[r.IntN(len(d.Headers))]
	switch r.IntN(7) {
	case 6: // said to be a fork, and none
		l.falseFork(child, shown)
		return true
	case 0: // old
		d, err = shown.Run(1 + r.Uint64N(top/2))
	case 1: // none that its committee signed
		d.Certificate.Signature[r.IntN(len(d.Certificate.Signature))] ^= 1
	case 2: // it sends more
		h.Leaving = []chain.Leaving{{Chain: chain.Main, Amount: chain.NewAmount(r.Uint64N(1 << 50))}}
	case 3: // with another outbox
		h.Roots.Outbox[0] ^= 1
	case 4: // a gap, mostly
	case 5: // handed over to others
		d.Next = child.epochs[0].seats
		h.Next = d.Next.Hash()
	}
	if err != nil || d == nil {
		return false
	}
	l.w.census.add("junk digest")
	l.post(d)
	return true
}

// falseFork shows the chain a block of a child that it has recorded, and another one that nobody certified, or the same.
func (l *load) falseFork(child *World, shown keep.Relays) {
	r := l.w.random.load
	height := 1 + r.Uint64N(uint64(len(child.final.blocks)-1))
	other, err := shown.Run(height)
	if err != nil || other == nil {
		return
	}
	if other.Headers = slices.Clone(other.Headers); r.IntN(2) == 0 {
		other.Headers[0].GasUsed++
	}
	in := chain.ForkInput{Recorded: child.final.blocks[height].header, Committee: child.epochs[0].seats, Other: *other}
	if place, err := placeOf(l.w, child.id, height); err == nil {
		in.Place = place.Append(nil)
	}
	l.w.census.add("false fork")
	from := r.IntN(len(l.wallets))
	l.send(from, callOf(l.w, l.wallets[from], l.nonces[from], chain.CallInput{Method: chain.MethodFork, GasLimit: junkGas, Input: in.Encode()}))
}

func (l *load) external(from int, method string, input []byte, amount uint64) *chain.Message {
	me := l.wallets[from].address
	return &chain.Message{
		Network: l.w.origin.header.Network, Kind: chain.External, From: me, To: me, Payer: me, Nonce: l.nonces[from],
		ValidUntil: l.w.final.height() + 100_000, Amount: chain.NewAmount(amount), GasPrice: l.w.plan.GasPrice,
		Method: method, Input: input, GasLimit: 1_000_000,
	}
}

// payment is one to somebody, some of which must fail: more than there is, to nobody, what nobody understands.
func (l *load) payment(from int) *chain.Message {
	r := l.w.random.load
	to := l.wallets[r.IntN(len(l.wallets))].address
	amount := 1 + r.Uint64N(1000)
	switch r.IntN(8) {
	case 0:
		amount = 1 << 60
	case 1:
		to = chain.MadeAddress(l.w.id, to, [32]byte{byte(r.IntN(4))}, chain.CodeHash{}) // new
	case 2:
		to = chain.SystemAddress(77) // a chain that isn't there
	case 3:
		in := chain.CallInput{To: to, Method: "nonsense", GasLimit: 200_000, Input: []byte{1}}
		return l.external(from, chain.MethodCall, in.Encode(), amount)
	}
	m := l.external(from, chain.MethodTransfer, chain.TransferInput{To: to}.Encode(), amount)
	m.GasLimit = exec.TransferGas(m) + r.Uint64N(2)*100_000
	return m
}

// abroad is a payment to another chain, or a call there; some of them must come back.
func (l *load) abroad(from int) *chain.Message {
	r := l.w.random.load
	other := l.w.worlds[r.IntN(len(l.w.worlds))]
	to := other.load.wallets[r.IntN(mostWallets)].address
	amount := 1 + r.Uint64N(1000)
	call := func(to chain.Address, method string, gas uint64, input []byte) *chain.Message {
		in := chain.CallInput{To: to, Method: method, GasLimit: gas, Input: input}
		m := l.external(from, chain.MethodCall, in.Encode(), amount)
		m.GasLimit = 2_000_000 + gas
		return m
	}
	switch r.IntN(8) {
	case 0:
		return call(to, "nonsense", 200_000, []byte{2})
	case 1:
		to = chain.MadeAddress(other.id, to, [32]byte{byte(r.IntN(4))}, chain.CodeHash{}) // new
	case 2:
		if houses := other.load.houses; len(houses) > 0 {
			return call(houses[r.IntN(len(houses))], "do", 2_000_000, make([]byte, r.IntN(callSpin+1)))
		}
	case 5:
		if m := l.play(from, other); m != nil {
			return m
		}
	case 3:
		amount = 1<<49 + r.Uint64N(1<<49) // most of what the account has
	case 4:
		return call(to, chain.MethodTransfer, 200_000, nil) // that is not asked of others
	}
	m := l.external(from, chain.MethodTransfer, chain.TransferInput{To: to}.Encode(), amount)
	m.GasLimit = exec.TransferGas(m) + r.Uint64N(2)*100_000
	return m
}

// play begins a game of ping-pong with an account of another chain, or makes a player here; nil where there is no code for that.
func (l *load) play(from int, other *World) *chain.Message {
	r := l.w.random.load
	switch {
	case !l.w.plan.Contract:
		return nil
	case len(l.players) == 0 || len(other.load.players) == 0 || r.IntN(3) == 0:
		in := chain.DeployInput{Code: playerHash(), Salt: [32]byte{byte(l.made)}, GasLimit: 5_000_000}
		l.players = append(l.players, chain.MadeAddress(l.w.id, l.wallets[from].address, in.Salt, in.Code))
		m := l.external(from, chain.MethodDeploy, in.Encode(), 10)
		m.GasLimit = 20_000_000
		return m
	}
	rounds := 1 + r.IntN(playRounds)
	partner := other.load.players[r.IntN(len(other.load.players))]
	in := chain.CallInput{To: l.players[r.IntN(len(l.players))], Method: playMethod, GasLimit: uint64(rounds) * playGas, Input: append(partner[:], make([]byte, rounds)...)}
	m := l.external(from, chain.MethodCall, in.Encode(), 0)
	m.GasLimit = in.GasLimit + 2_000_000
	return m
}

// floodAck is about half of how many relays must be under way before a chain asks how many were taken in (package relay).
const floodAck = 130

// flood pays wallets of another chain, very often at once.
func (l *load) flood(to *World, count int) {
	for i := range count {
		from := i % len(l.wallets)
		m := l.external(from, chain.MethodTransfer, chain.TransferInput{To: to.load.wallets[i%7].address}.Encode(), 1)
		m.GasLimit = exec.TransferGas(m)
		l.send(from, m)
	}
}

// contract makes an account with the contract, or calls one.
func (l *load) contract(from int) *chain.Message {
	r := l.w.random.load
	if len(l.houses) == 0 || r.IntN(8) == 0 {
		in := chain.DeployInput{Code: contractHash(), Salt: [32]byte{byte(l.made)}, GasLimit: 5_000_000}
		l.houses = append(l.houses, chain.MadeAddress(l.w.id, l.wallets[from].address, in.Salt, in.Code))
		m := l.external(from, chain.MethodDeploy, in.Encode(), 10)
		m.GasLimit = 20_000_000
		return m
	}
	in := chain.CallInput{To: l.houses[r.IntN(len(l.houses))], Method: "do", GasLimit: 2_000_000, Input: make([]byte, r.IntN(callSpin+1))}
	m := l.external(from, chain.MethodCall, in.Encode(), 5)
	m.GasLimit = 10_000_000
	return m
}

// change registers a committee.
func (l *load) change(c Change) {
	n := l.made + 1
	next := chain.Committee{Chain: c.Chain, Seed: chain.Hash{byte(n), byte(n >> 8), 1}, Seats: seatsOf(l.w.plan.Tier, c.Seats)}
	in := chain.CallInput{To: chain.RegistryAddress(), Method: chain.MethodCommittee, GasLimit: 5_000_000, Input: next.Append(nil)}
	m := l.external(0, chain.MethodCall, in.Encode(), 0)
	m.GasLimit = 20_000_000
	l.send(0, m)
}

// renew registers attributes.
func (l *load) renew(r Renewal) {
	next := chain.ParamsInput{Chain: r.Chain, Params: r.params(l.w.whole)}
	in := chain.CallInput{To: chain.RegistryAddress(), Method: chain.MethodParams, GasLimit: 2 * valveGas, Input: next.Encode()}
	m := l.external(0, chain.MethodCall, in.Encode(), 0)
	m.GasLimit = 3 * valveGas
	l.send(0, m)
}

// insistOnAll sends everything that is pending to a node that is well.
func (l *load) insistOnAll() {
	l.forget()
	for _, m := range l.pending {
		l.submit(m)
	}
}
