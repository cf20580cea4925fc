package native

import (
	"fmt"
	"math"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// registryActor makes chains (SPEC 7.3), and changes their committees and attributes. What it has registered of a chain that it takes over
// is its charter: committee and attributes, which the chain takes over together, at the end of an epoch. The committee always is one that
// the attributes admit.
//
// A chain is there when create is done: it is registered, in the tree at the end of the block, and its parent is told. A parent on
// another chain may be unable to take that in for a while, as too much to it is under way, and the message bounces. Then anybody
// sends the same Branch to the registry again, which knows its hash; the parent keeps the first that comes. Nothing is half done in
// between: until its parent knows it, no digest of the chain is recorded, so nothing of it counts for others.
var registryActor = actor{
	chain.MethodCreate: createChain, chain.MethodCommittee: changeCommittee, chain.MethodParams: changeParams,
	chain.MethodChild: introduceAgain, chain.MethodValve: setValveAgain,
}

// createChain registers a chain. The amount is its deposit to the unit, as that is frozen for good.
func createChain(env *exec.Env) error {
	in, err := chain.DecodeCreate(env.Input)
	if err != nil {
		return badInput(env.Message, err)
	}
	if err := checkName(in.Name); err != nil {
		return err
	}
	id, err := count(env)
	if err != nil {
		return err
	}
	if err := claim(env, in.Name, id); err != nil {
		return err
	}
	parent, err := parentOf(env, in.Parent)
	if err != nil {
		return err
	}
	params := parent.Params // inherited (SPEC 7.1)
	if in.Params != nil {
		params = *in.Params
	}
	seats, err := seated(env, id, in.Name, &params, in.Silent, in.Nodes)
	if err != nil {
		return err
	}
	return register(env, parent, chain.Branch{Registration: chain.Registration{
		Limb: chain.Limb{ID: id, Parent: in.Parent}, Owner: env.Message.From, Name: in.Name, Params: params, Height: env.Context.Height,
		Deposit: env.Message.Amount, Committee: seats.Hash(),
	}, Seats: seats})
}

// parentOf is the registration of a chain that may have one more under it.
func parentOf(env *exec.Env, id chain.ID) (parent chain.Registration, err error) {
	for at, depth := id, 1; at != 0; depth++ {
		g, err := registered(env, at)
		switch {
		case err != nil:
			return g, err
		case depth >= chain.MaxViews:
			return g, exec.Fail(chain.StatusLimit, "chain %d has %d ancestors or more (limit %d)", id, depth-1, chain.MaxViews-2)
		case at == id:
			parent = g
		}
		at = g.Parent
	}
	return parent, nil
}

func registered(env *exec.Env, id chain.ID) (chain.Registration, error) {
	g, ok, err := entryOf(env, chain.RegisteredKey(id), chain.DecodeRegistration)
	if err == nil && !ok {
		err = refused("chain %d is not registered", id)
	}
	return g, err
}

// claim gives a chain a name that none has.
func claim(env *exec.Env, name string, id chain.ID) error {
	key := chain.NamedKey(name)
	switch other, ok, err := entryOf(env, key, chain.DecodeNamed); {
	case err != nil:
		return err
	case ok:
		return refused("create: chain %d is called %q already: choose another name", other, name)
	}
	return env.Write(key, chain.EncodeNamed(id))
}

// count is the next chain's id: one above all others. The message must have brought the deposit.
func count(env *exec.Env) (chain.ID, error) {
	n, ok, err := entryOf(env, chain.NumberingKey, chain.DecodeNumbering)
	if err != nil {
		return 0, err
	}
	if !ok {
		tree := env.Context.Tree
		n = chain.Numbering{Next: tree[len(tree)-1].ID + 1, Chains: uint32(len(tree))}
	}
	if n.Chains >= chain.MaxChains || n.Next == 0 || n.Next == math.MaxUint32 {
		return 0, exec.Fail(chain.StatusLimit, "there are %d chains (limit %d), the next would be %d", n.Chains, chain.MaxChains, n.Next)
	}
	if deposit := chain.DepositBehind(n.Chains); env.Message.Amount != deposit {
		return 0, refused("create: an amount of %s, and the deposit of a chain is %s where there are %d", env.Message.Amount, deposit, n.Chains)
	}
	return n.Next, env.Write(chain.NumberingKey, chain.Numbering{Next: n.Next + 1, Chains: n.Chains + 1}.Encode())
}

// seated is the committee of nodes that prove to have their keys, and to want seats of the chain with the name. Its seed is the id of the
// message, until there is a beacon: who makes the message can choose among orders of leaders.
// The chain's attributes admit it.
func seated(env *exec.Env, id chain.ID, name string, p *chain.Params, silent uint32, nodes []chain.Applicant) (chain.Committee, error) {
	seats := chain.Seated(id, silent, chain.Hash(env.Message.ID()), nodes)
	for _, err := range []error{seats.Check(), p.Admits(&seats)} {
		if err != nil {
			return seats, refused("%v", err)
		}
	}
	for i := range nodes {
		if err := possesses(env, nodes[i].Node, func() error { return nodes[i].Proves(env.Context.Network, name) }); err != nil {
			return seats, err
		}
	}
	return seats, nil
}

// register writes down a new chain and tells its parent.
func register(env *exec.Env, parent chain.Registration, b chain.Branch) error {
	hash := introduction(b.Encode())
	for _, w := range []struct {
		key   string
		value []byte
	}{
		{chain.RegisteredKey(b.ID), b.Registration.Encode()},
		{chain.RegisteredCharter(b.ID), chain.Charter{Seats: b.Seats, Params: b.Params}.Encode()},
		{chain.IntroducedKey(b.ID), hash[:]},
	} {
		if err := env.Write(w.key, w.value); err != nil {
			return err
		}
	}
	env.Introduce(b.Limb)
	if err := env.Emit(chain.EventCreated, b.Limb.Encode()); err != nil {
		return err
	}
	return introduce(env, parent, &b)
}

func introduction(branch []byte) chain.Hash { return wire.Sum(wire.TagAdoption, branch) }

// introduce tells the parent of a chain.
func introduce(env *exec.Env, parent chain.Registration, b *chain.Branch) error {
	raw := b.Encode()
	return tell(env, parent, chain.MethodChild, raw, adoptGas(raw, b.Params.Valve))
}

// tell sends word to the digests actor of a chain. It would not be told for less gas than it asks for.
func tell(env *exec.Env, to chain.Registration, method string, input []byte, gas uint64) error {
	if least := to.Params.MinGasPrice; env.Message.GasPrice < least {
		return refused("%s: a gas price of %d, and the least of chain %d, which must be told, is %d", env.Message.Method, env.Message.GasPrice, to.ID, least)
	}
	return env.Send(chain.Sent{To: chain.DigestsAddress(to.ID), Method: method, Input: input, GasLimit: gas})
}

// introduceAgain tells the parent once more, in the same words. If the valve in them is another than what is registered by now, the parent is
// told of that as well: it could not be before it knew the chain.
func introduceAgain(env *exec.Env) error {
	in, err := chain.DecodeBranch(env.Input)
	if err != nil {
		return badInput(env.Message, err)
	}
	if err := noAmount(env.Message); err != nil {
		return err
	}
	told, err := env.Read(chain.IntroducedKey(in.ID))
	if err != nil {
		return err
	}
	if hash := introduction(env.Input); string(told) != string(hash[:]) {
		return refused("child: chain %d was not introduced so", in.ID)
	}
	parent, err := registered(env, in.Parent)
	if err != nil {
		return err
	}
	if err := introduce(env, parent, &in); err != nil {
		return err
	}
	g, err := registered(env, in.ID)
	if err != nil || g.Params.Valve == in.Params.Valve {
		return err
	}
	return setValve(env, g)
}

// changeCommittee registers the next committee. The chain takes it over when it sees it, and counts its epoch: which number that is depends on
// how many others it saw before.
func changeCommittee(env *exec.Env) error {
	in, err := chain.DecodeCommitteeInput(env.Input)
	if err != nil {
		return badInput(env.Message, err)
	}
	g, err := owned(env, in.Chain)
	if err != nil {
		return err
	}
	next, err := seated(env, in.Chain, g.Name, &g.Params, in.Silent, in.Nodes)
	if err != nil {
		return err
	}
	g.Committee = next.Hash()
	return charter(env, g, next)
}

// changeParams registers the attributes of the chain's next epoch (SPEC 7.3). Its parent is told at once how fast value leaves: what that
// lets through is counted there.
func changeParams(env *exec.Env) error {
	in, err := chain.DecodeParamsInput(env.Input)
	if err != nil {
		return badInput(env.Message, err)
	}
	g, err := owned(env, in.Chain)
	if err != nil {
		return err
	}
	raw, err := env.Read(chain.RegisteredCharter(in.Chain))
	if err != nil {
		return err
	}
	now, err := chain.DecodeCharter(raw)
	if err != nil {
		return fmt.Errorf("charter of chain %d: %w", in.Chain, err)
	}
	for _, err := range []error{in.Params.Follows(&g.Params), in.Params.Admits(&now.Seats), payable(env, &in)} {
		if err != nil {
			return refused("params: %v", err)
		}
	}
	valve := g.Params.Valve
	g.Params = in.Params
	if err := charter(env, g, now.Seats); err != nil || g.Params.Valve == valve {
		return err
	}
	return setValve(env, g)
}

// payable says why a chain's least gas price can't be raised so far: the owner has not shown that it can pay it, and would have to in order to
// lower it again. That is so on the main chain, where the registry is, and on the owner's own.
func payable(env *exec.Env, in *chain.ParamsInput) error {
	price, least := env.Message.GasPrice, in.Params.MinGasPrice
	if price >= least || in.Chain != chain.Main && in.Chain != env.Message.From.Chain() {
		return nil
	}
	return fmt.Errorf("min_gas_price %d, and the message that sets it pays %d: pay as much yourself, since who lowers it again has to", least, price)
}

// owned is the registration of a chain whose owner sends the message: the chain's rule for who may change what is registered (SPEC 7.3).
func owned(env *exec.Env, id chain.ID) (chain.Registration, error) {
	if err := noAmount(env.Message); err != nil {
		return chain.Registration{}, err
	}
	g, err := registered(env, id)
	switch {
	case err != nil:
		return g, err
	case g.Owner.IsZero():
		return g, refused("chain %d is of a genesis without an owner: nobody changes what is registered of it", id)
	case g.Owner != env.Message.From:
		return g, refused("chain %d: only its owner, %s, changes what is registered of it", id, g.Owner)
	}
	return g, nil
}

// charter writes what the chain takes over next.
func charter(env *exec.Env, g chain.Registration, seats chain.Committee) error {
	if err := env.Write(chain.RegisteredCharter(g.ID), chain.Charter{Seats: seats, Params: g.Params}.Encode()); err != nil {
		return err
	}
	return env.Write(chain.RegisteredKey(g.ID), g.Encode())
}

// setValve tells the parent of a chain how fast value leaves it; the main chain has none. The parent may be unable to take that in, as
// with the chain itself: then anybody has the registry say it again. What it says is what is registered then, so that the last word stands.
func setValve(env *exec.Env, g chain.Registration) error {
	if g.Parent == 0 {
		return nil
	}
	parent, err := registered(env, g.Parent)
	if err != nil {
		return err
	}
	in := chain.ValveInput{Chain: g.ID, Valve: g.Params.Valve}
	return tell(env, parent, chain.MethodValve, in.Encode(), valveGas)
}

func setValveAgain(env *exec.Env) error {
	in, err := chain.DecodeValveInput(env.Input)
	if err != nil {
		return badInput(env.Message, err)
	}
	if err := noAmount(env.Message); err != nil {
		return err
	}
	g, err := registered(env, in.Chain)
	if err != nil {
		return err
	}
	if g.Params.Valve != in.Valve {
		return refused("valve: that of chain %d is registered otherwise", in.Chain)
	}
	return setValve(env, g)
}
