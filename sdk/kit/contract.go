package kit

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/schema"
)

// Contract is code for accounts: a Native, a Module, a File or a Go. All kinds can be on one chain.
type Contract interface{ code() (*code, error) }

// code is a contract that can be published.
type code struct {
	name   string
	hash   chain.CodeHash
	bytes  []byte
	native *Native // nil for a module
	schema *abi.Schema
}

// Program handles one message. It may keep things in the storage of its account alone: it runs in many orders, and more
// than once.
type Program func(env *Env) error

// Native is a contract in Go that runs as it stands: for the other side of what is tested, and for trying out a protocol.
// It pays for what it asks of the Env, and for nothing else.
type Native struct {
	Name string
	// Handle is for every message but those below; Bounce for one that tells of a failure, what it carried being credited
	// already; Query answers questions. Those that are nil do nothing, but for Query, which refuses.
	Handle, Bounce, Query Program
	// Schema, if there is one, lets Input and traces name values as that of a module does.
	Schema *abi.Schema
}

// Methods is a program that has a part for every method.
type Methods map[string]Program

// Handle finds the part for the message.
func (m Methods) Handle(env *Env) error {
	method := env.Message.Method
	if p, ok := m[method]; ok {
		return p(env)
	}
	if method == abi.MethodInit {
		return nil
	}
	return Refuse("there is no method %q", method)
}

// nativeCode marks what is published for a Native. No module begins so.
const nativeCode = "thinkey native program: "

func (n Native) code() (*code, error) {
	if n.Name == "" {
		return nil, fmt.Errorf("a native program needs a name: kit.Native{Name: …}")
	}
	return newCode(n.Name, []byte(nativeCode+n.Name), n.Schema, &n), nil
}

// equal says whether two natives of one name are the same.
func (n *Native) equal(m *Native) bool {
	same := func(a, b Program) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }
	return same(n.Handle, m.Handle) && same(n.Bounce, m.Bounce) && same(n.Query, m.Query)
}

func newCode(name string, bytes []byte, schema *abi.Schema, native *Native) *code {
	return &code{name: name, hash: chain.PublishInput{Code: bytes}.Hash(), bytes: bytes, schema: schema, native: native}
}

// Module is a contract in WebAssembly.
type Module struct {
	Name string // "" for the one in its schema
	Code []byte
}

func (m Module) code() (*code, error) {
	var says *abi.Schema
	contract, err := schema.Read(m.Code)
	switch {
	case err == nil:
		s := contract.Schema()
		says = &s
	case !errors.Is(err, schema.ErrNone):
		return nil, fmt.Errorf("module %q: %w", m.Name, err)
	}
	name := m.Name
	if name == "" && says != nil {
		name = says.Name
	}
	if name == "" {
		return nil, fmt.Errorf("a module without a name in its schema needs one: kit.Module{Name: …}")
	}
	return newCode(name, m.Code, says, nil), nil
}

// File is a contract in WebAssembly, by the name of its file.
type File string

func (f File) code() (*code, error) {
	bytes, err := os.ReadFile(string(f))
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	m := Module{Code: bytes}
	c, err := m.code()
	if err == nil {
		return c, nil
	}
	m.Name = strings.TrimSuffix(filepath.Base(string(f)), filepath.Ext(string(f)))
	return m.code()
}

// Deploy makes an account that has the contract for its code, known to the kit by the contract's name, and the salt if there
// is one: "auction", "auction/2"; or by what As says. It is on the chain of the account that deploys
// it ("auction@b"). The salt is up to 32 bytes as they are, or the hash of more. The contract is published before, if it was not, and
// the blocks made until it can be used.
// The test ends if its init fails; Deployment is for looking at that.
func (k *Chain) Deploy(from *Account, c Contract, salt string, list ...Detail) *Account {
	k.t.Helper()
	a, t := k.Deployment(from, c, salt, list...)
	if k.held == nil {
		t.ExpectOK()
	}
	return a
}

// Deployment is Deploy that may fail.
func (k *Chain) Deployment(from *Account, c Contract, salt string, list ...Detail) (*Account, *Trace) {
	k.t.Helper()
	d := k.sending(list)
	k = from.chain
	code := k.publish(c)
	name := cmp.Or(d.name, code.name)
	if salt != "" && d.name == "" {
		name += "/" + salt
	}
	in := chain.DeployInput{Code: code.hash, Salt: saltOf(salt), GasLimit: d.gas}
	a := k.register(&Account{name: k.called(name), address: chain.MadeAddress(k.id, from.address, in.Salt, code.hash), code: code})
	in.Input = k.input(a, abi.MethodInit, &d)
	m := k.external(from, chain.MethodDeploy, in.Encode(), d.money())
	return a, k.post(k.seal(from, m, d.gas+gasOfDeploy(in)))
}

// publish sees to it that accounts can be given the contract.
func (k *Chain) publish(c Contract) *code {
	k.t.Helper()
	code, err := c.code()
	k.must(err)
	k.must(k.codes.add(code))
	entry, err := k.now.before(k.tree).Code(code.hash)
	k.must(err)
	if entry == nil {
		m := k.external(k.bank(), chain.MethodPublish, chain.PublishInput{Code: code.bytes}.Encode(), chain.Amount{})
		m.GasLimit = chain.MaxMessageGas
		k.apart(k.sign(k.bank(), m))
		entry, err = k.now.before(k.tree).Code(code.hash)
		k.must(err)
	}
	held := k.held
	k.held = nil
	for k.Height()+1 < entry.Callable() {
		k.tick(k.pace)
		k.run(nil)
	}
	k.held = held
	return code
}
