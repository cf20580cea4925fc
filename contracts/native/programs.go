package native

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Codes validates and runs code. Equal arguments give equal results on every machine (I9). An error that is a *Failure is
// the code's; any other says that the node can't run it, and nothing about the message.
type Codes interface {
	// Validate says how complex the module is, which prices its publication, and what it costs to load it when it has not run
	// lately; or why it is not accepted.
	Validate(code []byte) (complexity, load uint64, err error)
	// Run lets the account's code handle env's message through the entry of that name (package abi). A module without the
	// entry bounce does nothing there.
	Run(env *exec.Env, code chain.CodeHash, entry string) error
	// Merges says that the code can handle several messages of method as one, through the entry merge. The error is the
	// node's: it can't read the code.
	Merges(code chain.CodeHash, method string) (bool, error)
}

// Programs finds the common messages, and the code of the account for all others; it is the exec.Programs of a chain. The
// zero Programs runs no code.
type Programs struct {
	Codes Codes
	// Committees keeps decoded committees for the system actors; nil if each is made when it is needed.
	Committees Committees
}

// Program is the behaviour for m, or a Failure that says why there is none.
func (p Programs) Program(self chain.Address, account chain.Account, m *chain.Message) (exec.Program, error) {
	if m.Kind == chain.External {
		return p.external(account, m)
	}
	switch {
	case m.Method == chain.MethodAdd || m.Method == chain.MethodRefund:
		return take{}, nil
	case m.Method == chain.MethodBounce:
		return p.bounced(account), nil
	case self.IsNative():
		return p.system(self), nil
	case m.Method == chain.MethodInit:
		return create{p.Codes}, nil
	case p.runs(account):
		return run{p.Codes, account.Code, abi.EntryHandle}, nil
	case account.Exists():
		return nil, exec.Fail(chain.StatusNoCode, "account %s has no code to handle %q", self, m.Method)
	}
	return nil, exec.Fail(chain.StatusNoAccount, "account %s does not exist", self)
}

// View is the account's code.
func (p Programs) View(self chain.Address, account chain.Account) (exec.Program, error) {
	switch {
	case p.runs(account):
		return run{p.Codes, account.Code, abi.EntryQuery}, nil
	case account.Exists():
		return nil, exec.Fail(chain.StatusNoCode, "account %s has no code to ask", self)
	}
	return nil, exec.Fail(chain.StatusNoAccount, "account %s does not exist", self)
}

// Group is the account's code, if that declares the method mergeable.
func (p Programs) Group(_ chain.Address, account chain.Account, method string) (exec.Program, error) {
	if method == chain.MethodAdd || exec.IsReserved(method) || !p.runs(account) {
		return nil, nil
	}
	if merges, err := p.Codes.Merges(account.Code, method); err != nil || !merges {
		return nil, err
	}
	return run{p.Codes, account.Code, abi.EntryMerge}, nil
}

func (p Programs) external(account chain.Account, m *chain.Message) (exec.Program, error) {
	switch c, ok := commands[m.Method]; {
	case m.Method == chain.MethodPublish && p.Codes != nil:
		return publish{p.Codes}, nil
	case ok:
		return c, nil
	case p.runs(account):
		return run{p.Codes, account.Code, abi.EntryHandle}, nil
	}
	return nil, unknown(m)
}

func (p Programs) runs(account chain.Account) bool {
	return p.Codes != nil && account.Code != chain.CodeHash{}
}

// bounced takes what came back, and then runs the account's hook.
func (p Programs) bounced(account chain.Account) exec.Program {
	if p.runs(account) {
		return run{p.Codes, account.Code, abi.EntryBounce}
	}
	return take{}
}

// take is add, bounce and refund: what came is credited already, and nothing is left to do but to pay for a new account.
type take struct{}

func (take) Handle(env *exec.Env) error { return env.ChargeNewAccount() }

// run is the account's code.
type run struct {
	codes Codes
	code  chain.CodeHash
	entry string
}

// Handle runs it.
func (r run) Handle(env *exec.Env) error {
	if err := env.Load(r.code); err != nil {
		return err
	}
	return r.codes.Run(env, r.code, r.entry)
}

// create is init: the account takes its code, and that handles its first message. That the address is derived from the
// sender and the code proves that the sender may (SPEC 1.2). Money may have come to the address before. An account that
// gave up its code and kept its storage is not new: its deployer must not init over what others left there.
type create struct{ codes Codes }

// Handle makes the account.
func (c create) Handle(env *exec.Env) error {
	in, err := chain.DecodeInit(env.Message.Input)
	switch {
	case err != nil:
		return badInput(env.Message, err)
	case chain.MadeAddress(env.Self.Chain(), env.Message.From, in.Salt, in.Code) != env.Self:
		return exec.Fail(chain.StatusBadInput, "init: %s is not the address of code %s that %s deploys", env.Self, in.Code, env.Message.From)
	case env.Account().Code != chain.CodeHash{} || env.Account().StorageBytes > 0:
		return exec.Fail(chain.StatusExists, "account %s exists already", env.Self)
	case c.codes == nil:
		return exec.Fail(chain.StatusNotYet, "this network runs no code")
	}
	if err := env.ChargeNewAccount(); err != nil {
		return err
	}
	if err := env.SetCode(in.Code); err != nil {
		return err
	}
	if err := env.Load(in.Code); err != nil {
		return err
	}
	env.Input = in.Input
	return c.codes.Run(env, in.Code, abi.EntryHandle)
}

// publish validates code and makes it part of the state.
type publish struct{ codes Codes }

// Handle charges before it works.
func (p publish) Handle(env *exec.Env) error {
	if err := env.Context.TakesCode(); err != nil {
		return err
	}
	in, err := readPublish(env.Message)
	if err != nil {
		return err
	}
	if err := env.Charge(gas.PublishByte * uint64(len(in.Code))); err != nil {
		return err
	}
	complexity, load, err := p.codes.Validate(in.Code)
	if err != nil {
		return err
	}
	if err := env.Charge(gas.PublishComplexity * complexity); err != nil {
		return err
	}
	env.Publish(in, load)
	return nil
}
