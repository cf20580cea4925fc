package native

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// nodesActor registers nodes (SPEC 6.2). Its balance is the deposits of all that are registered, and what was given to it for nothing.
var nodesActor = actor{chain.MethodRegister: registerNode, chain.MethodLeave: leaveNode, chain.MethodWithdraw: withdrawNode}

// registerNode registers a node. The message is of the account of the node's own key, so nobody takes another's name; all that came
// with it is the deposit.
func registerNode(env *exec.Env) error {
	in, err := chain.DecodeNode(env.Input)
	if err != nil {
		return badInput(env.Message, err)
	}
	owner := chain.KeyAddress(chain.Main, in.Node)
	switch least := chain.NewAmount(chain.NodeDeposit); {
	case env.Message.From != owner:
		return refused("register: only the account of the node's key, %s, registers it", owner)
	case env.Message.Amount.Less(least):
		return refused("register: an amount of %s, and the deposit of a node is at least %s", env.Message.Amount, least)
	}
	if err := checkName(in.Name); err != nil {
		return err
	}
	for _, key := range []string{chain.NodeKey(in.Node), chain.VotingKey(in.Key)} {
		switch v, err := env.Read(key); {
		case err != nil:
			return err
		case v != nil:
			return exec.Fail(chain.StatusExists, "register: a node with this key is registered")
		}
	}
	if err := possesses(env, in.Node, func() error { return in.Proves(env.Context.Network) }); err != nil {
		return err
	}
	n := chain.Node{Owner: owner, Key: in.Key, Name: in.Name, Deposit: env.Message.Amount, Since: env.Context.TimeMillis}
	if err := env.Write(chain.VotingKey(in.Key), in.Node[:]); err != nil {
		return err
	}
	return env.Write(chain.NodeKey(in.Node), n.Encode())
}

// leaveNode sets the time from which the deposit waits.
func leaveNode(env *exec.Env) error {
	key, n, err := own(env)
	switch {
	case err != nil:
		return err
	case n.Leaving != 0:
		return refused("leave: it was announced already; the deposit comes back from time %d on", n.Withdrawable())
	}
	n.Leaving = env.Context.TimeMillis
	return env.Write(chain.NodeKey(key), n.Encode())
}

// withdrawNode gives the deposit back and forgets the node.
func withdrawNode(env *exec.Env) error {
	key, n, err := own(env)
	switch {
	case err != nil:
		return err
	case n.Leaving == 0:
		return refused("withdraw: leave first")
	case env.Context.TimeMillis < n.Withdrawable():
		return exec.Fail(chain.StatusNotYet, "withdraw: the deposit comes back from time %d on, and this is %d", n.Withdrawable(), env.Context.TimeMillis)
	}
	for _, entry := range []string{chain.NodeKey(key), chain.VotingKey(n.Key)} {
		if err := env.Write(entry, nil); err != nil {
			return err
		}
	}
	return env.Send(chain.Sent{To: n.Owner, Method: chain.MethodAdd, Amount: n.Deposit, GasLimit: gas.Add})
}

// own is the node in the input, which is the sender's.
func own(env *exec.Env) (key keys.PublicKey, n chain.Node, err error) {
	if len(env.Input) != len(key) {
		return key, n, exec.Fail(chain.StatusBadInput, "%s: %d bytes, want the %d of the node's key", env.Message.Method, len(env.Input), len(key))
	}
	copy(key[:], env.Input)
	if err := noAmount(env.Message); err != nil {
		return key, n, err
	}
	n, ok, err := entryOf(env, chain.NodeKey(key), chain.DecodeNodeEntry)
	switch {
	case err != nil:
		return key, n, err
	case !ok:
		return key, n, refused("%s: node %s is not registered", env.Message.Method, key)
	case n.Owner != env.Message.From:
		return key, n, refused("%s: node %s is not the sender's", env.Message.Method, key)
	}
	return key, n, nil
}
