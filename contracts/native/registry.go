package native

import (
	"math"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// registryActor makes chains (SPEC 7.3) and changes their committees, until committees are elected.
//
// A chain is there when create is done: it is registered, in the tree at the end of the block, and its parent is told. A parent on
// another chain may be unable to take that in for a while, as too much to it is under way, and the message bounces. Then anybody
// sends the same Branch to the registry again, which knows its hash; the parent keeps the first that comes. Nothing is half done in
// between: until its parent knows it, no digest of the chain is recorded, so nothing of it counts for others.
var registryActor = actor{chain.MethodCreate: createChain, chain.MethodCommittee: changeCommittee, chain.MethodChild: introduceAgain}

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
	seats, err := seated(env, id, in.Name, in.Silent, in.Nodes)
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
func seated(env *exec.Env, id chain.ID, name string, silent uint32, nodes []chain.Applicant) (chain.Committee, error) {
	seats := chain.Seated(id, silent, chain.Hash(env.Message.ID()), nodes)
	if err := seats.Check(); err != nil {
		return seats, refused("%v", err)
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
		{chain.RegisteredCommittee(b.ID), b.Seats.Append(nil)},
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
	return introduce(env, parent, b.Encode())
}

func introduction(branch []byte) chain.Hash { return wire.Sum(wire.TagAdoption, branch) }

// introduce tells the parent of a chain. It would not be told for less gas than it asks for.
func introduce(env *exec.Env, parent chain.Registration, branch []byte) error {
	if least := parent.Params.MinGasPrice; env.Message.GasPrice < least {
		return refused("%s: a gas price of %d, and the least of chain %d, which must be told, is %d", env.Message.Method, env.Message.GasPrice, parent.ID, least)
	}
	return env.Send(chain.Sent{To: chain.DigestsAddress(parent.ID), Method: chain.MethodChild, Input: branch, GasLimit: adoptGas(branch)})
}

// introduceAgain tells the parent once more, in the same words.
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
	return introduce(env, parent, env.Input)
}

// changeCommittee registers the next committee. The chain takes it over when it sees it, and counts its epoch: which number that is depends on
// how many others it saw before.
func changeCommittee(env *exec.Env) error {
	in, err := chain.DecodeCommitteeInput(env.Input)
	if err != nil {
		return badInput(env.Message, err)
	}
	if err := noAmount(env.Message); err != nil {
		return err
	}
	g, err := registered(env, in.Chain)
	switch {
	case err != nil:
		return err
	case g.Owner.IsZero():
		return refused("chain %d is of a genesis without an owner: nobody changes its committee", in.Chain)
	case g.Owner != env.Message.From:
		return refused("chain %d: only its owner, %s, changes its committee", in.Chain, g.Owner)
	}
	next, err := seated(env, in.Chain, g.Name, in.Silent, in.Nodes)
	if err != nil {
		return err
	}
	g.Committee = next.Hash()
	if err := env.Write(chain.RegisteredCommittee(in.Chain), next.Append(nil)); err != nil {
		return err
	}
	return env.Write(chain.RegisteredKey(in.Chain), g.Encode())
}
