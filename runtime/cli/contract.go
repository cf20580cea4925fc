package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/schema"
)

// mostAsked bounds how often one command asks the node what some code's methods are called.
const mostAsked = 100

// contracts knows what the code of accounts says of itself. It asks for each account and each code once. Where the node
// doesn't answer, or was asked often enough, nothing is known: messages are shown all the same.
type contracts struct {
	ctx      context.Context // of the command, whose end is theirs
	client   *client.Client
	accounts map[chain.Address]chain.CodeHash
	codes    map[chain.CodeHash]*schema.Contract
	asked    int
}

func newContracts(ctx context.Context, c *client.Client) *contracts {
	return &contracts{ctx: ctx, client: c.On(""), accounts: map[chain.Address]chain.CodeHash{}, codes: map[chain.CodeHash]*schema.Contract{}}
}

// of is the contract that the account runs now; nil if none is known.
func (k *contracts) of(address chain.Address) *schema.Contract {
	hash, ok := k.accounts[address]
	if !ok && k.mayAsk() {
		if a, err := k.client.Account(k.ctx, address); err == nil {
			hash = a.Code
		}
		k.accounts[address] = hash
	}
	return k.code(hash)
}

// code is the contract with that hash.
func (k *contracts) code(hash chain.CodeHash) *schema.Contract {
	if hash == (chain.CodeHash{}) {
		return nil
	}
	contract, ok := k.codes[hash]
	if !ok && k.mayAsk() {
		if c, err := k.client.Code(k.ctx, hash); err == nil && len(c.Schema) > 0 {
			contract, _ = schema.Parse(c.Schema) // what is wrong says nothing
		}
		k.codes[hash] = contract
	}
	return contract
}

func (k *contracts) mayAsk() bool {
	if k == nil || k.asked == mostAsked {
		return false
	}
	k.asked++
	return true
}

// lens is how messages are shown: accounts by their names, inputs and events in the words of the code that they are for.
type lens struct {
	name func(chain.Address) string
	on   func(chain.ID) string // what a chain is called; nil where there is one
	*contracts
}

// lens shows what happened as this book's owner knows it.
func (b *book) lens(ctx context.Context, c *client.Client) lens {
	return lens{b.name, b.chainName, newContracts(ctx, c)}
}

// fields are what an input holds, as field=value; "" if that isn't known.
func (l lens) fields(contract *schema.Contract, method string, input []byte) string {
	if contract == nil {
		return ""
	}
	m, err := contract.Method(method)
	if err != nil {
		return ""
	}
	object, err := contract.InputJSON(method, input)
	if err != nil {
		return ""
	}
	return shownFields(object, m.Input, contract.Schema().Types, l.name)
}

// event is what a contract told, in a line; its body in hexadecimal digits if its fields aren't known.
func (l lens) event(account chain.Address, e *client.ContractEvent) string {
	text := printable(e.Topic)
	contract := l.contract(account)
	if contract == nil {
		return strings.TrimRight(text+" "+cut(e.Body.String()), " ")
	}
	object, err := contract.Event(e.Topic, e.Body)
	if err != nil {
		return strings.TrimRight(text+" "+cut(e.Body.String()), " ")
	}
	return strings.TrimRight(text+" "+shownFields(object, eventFields(contract, e.Topic), contract.Schema().Types, l.name), " ")
}

// contract is what the account runs; nil where nothing is asked.
func (l lens) contract(account chain.Address) *schema.Contract {
	if l.contracts == nil {
		return nil
	}
	return l.of(account)
}

func eventFields(c *schema.Contract, topic string) []abi.Field {
	for _, e := range c.Schema().Events {
		if e.Topic == topic {
			return e.Body
		}
	}
	return nil
}

// actor is an account with its code, to be called or asked.
type actor struct {
	party
	text     string // as it was written
	code     chain.CodeHash
	contract *schema.Contract // nil if its code says nothing of its methods
	fault    string           // what is wrong with what it says
	loadGas  uint64           // what loading its code costs now; 0 if it has run lately
}

// findActor looks up an account that must have code.
func (b *book) findActor(ctx context.Context, c *client.Client, text string) (*actor, error) {
	p, err := b.find(text)
	if err != nil {
		return nil, err
	}
	account, err := c.Account(ctx, p.address)
	switch {
	case err != nil:
		return nil, err
	case !account.Exists:
		return nil, failed("unknown_account", "account %s does not exist", text).
			do("check the address; one that was deployed is there once its deploy is final")
	case account.Code == chain.CodeHash{}:
		return nil, failed("no_code", "account %s has no code", text).do("pay it with thinkey transfer; give it code with thinkey setcode")
	}
	a := &actor{party: p, text: text, code: account.Code}
	return a, a.read(ctx, c)
}

// read asks for what the actor's code says of itself.
func (a *actor) read(ctx context.Context, c *client.Client) error {
	code, err := c.On("").Code(ctx, a.code)
	if err != nil {
		return err
	}
	a.fault = code.SchemaError
	if !code.Warm {
		a.loadGas = code.LoadGas
	}
	if len(code.Schema) > 0 {
		if a.contract, err = schema.Parse(code.Schema); err != nil {
			a.fault = err.Error()
		}
	}
	return nil
}

// gas is what a handling by the actor's code is given: what --gas says, or gas and what loading the code costs.
func (a *actor) gas(cmd *cobra.Command, gas uint64) uint64 {
	if cmd.Flags().Changed("gas") {
		return gas
	}
	return gas + a.loadGas
}

// What a method is used for.
const (
	toCall  = "call"
	toAsk   = "query"
	toBegin = "deploy"
)

// encode makes the input of a method from what stands on the command line; use is what the command does with it.
func (a *actor) encode(b *book, use, method string, args []string) ([]byte, error) {
	if a.contract == nil {
		return nil, a.nameless(method, args)
	}
	m, err := a.method(use, method)
	if err != nil {
		return nil, err
	}
	object, err := b.given(args, m.Input, a.contract.Schema().Types)
	if err != nil {
		return nil, err
	}
	input, err := a.contract.Input(method, object)
	if err != nil {
		return nil, usage("%v", err).do("see the fields of its methods with: thinkey code show %s", a.text)
	}
	return input, nil
}

// nameless allows no fields where the code names none.
func (a *actor) nameless(method string, args []string) error {
	if len(args) == 0 {
		return nil
	}
	why := "the code of " + a.text + " says nothing of its methods"
	if a.fault != "" {
		why = "what the code of " + a.text + " says of its methods can't be read (" + a.fault + ")"
	}
	return usage("%s", why).do("give the input of %s as bytes with --input HEX", method)
}

// method finds a method that can be used so.
func (a *actor) method(use, name string) (abi.MethodSchema, error) {
	kind := map[string]string{toCall: abi.MethodHandle, toBegin: abi.MethodHandle, toAsk: abi.MethodQuery}[use]
	m, err := a.contract.Method(name)
	switch {
	case err == nil && m.Kind == kind && (name != chain.MethodInit || use == toBegin):
		return m, nil
	case err == nil && name == chain.MethodInit && use == toCall:
		return m, usage("%s was made with init, once, when it was deployed", a.text).do("call another method: thinkey code show %s", a.text)
	case err == nil && m.Kind == abi.MethodQuery:
		return m, usage("%s of %s is a query, which changes nothing", name, a.text).do("ask with: thinkey query %s %s", a.text, name)
	case err == nil:
		return m, usage("%s of %s is no query: it needs a message", name, a.text).do("call it with: thinkey call FROM %s %s", a.text, name)
	}
	var names []string
	for _, m := range a.contract.Schema().Methods {
		if m.Kind == kind && m.Name != chain.MethodInit {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return m, usage("%s has no method to %s (%q)", a.text, use, name).do("see what it has with: thinkey code show %s", a.text)
	}
	return m, usage("%s has no method %q to %s", a.text, name, use).do("%s", meant("", name, names, "there are: "+strings.Join(names, ", ")))
}

// shapeOf is a list of fields as it is written in a table.
func shapeOf(fields []abi.Field) string {
	var list []string
	for _, f := range fields {
		list = append(list, printable(f.Name+" "+f.Type))
	}
	return strings.Join(list, ", ")
}
