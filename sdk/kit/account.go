package kit

import (
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Account is an account with a name. One of a chain's is one pointer: they can be compared.
type Account struct {
	name    string
	address chain.Address
	chain   *Chain
	key     *keys.PrivateKey // nil for one that no key controls
	code    *code            // nil for one without, as far as the kit knows
}

// Name is what the account was called when it was made: "bob", or "bob@b" if it is on another chain than the main one.
func (a *Account) Name() string { return a.name }

// Chain is the chain that it is on.
func (a *Account) Chain() *Chain { return a.chain }

// Address is what contracts know it by.
func (a *Account) Address() chain.Address { return a.address }

// Balance is what it has after the last block.
func (a *Account) Balance() chain.Amount { return a.chain.record(a.address).Balance }

// Nonce is how many external messages it has processed.
func (a *Account) Nonce() uint64 { return a.chain.record(a.address).Nonce }

// Schema is what its code says about itself; nil if that is nothing, or there is none.
func (a *Account) Schema() *abi.Schema {
	if a.code == nil {
		return nil
	}
	return a.code.schema
}

// String is the name.
func (a *Account) String() string { return a.name }

// AccountOption says what an account begins with.
type AccountOption func(*Chain, *Account)

// Balance gives the account money of the bank's, in a block of its own.
func Balance(v uint64) AccountOption {
	return func(k *Chain, a *Account) {
		k.t.Helper()
		k.apart(k.transfer(a.chain.bank(), a, chain.NewAmount(v)))
	}
}

// Code gives the account code, which its key controls as well: it stays a key account. It must have something before.
func Code(c Contract) AccountOption {
	return func(k *Chain, a *Account) {
		k.t.Helper()
		k = a.chain
		code := k.publish(c)
		k.check(k.record(a.address).Exists(), "%s does not exist yet: give it something before its code, kit.Balance(1)", a.name)
		m := k.external(a, chain.MethodSetCode, chain.SetCodeInput{Code: code.hash}.Encode(), chain.Amount{})
		k.apart(k.seal(a, m, gasOfTree))
		a.code = code
	}
}

// Account is the account of that name, controlled by a key that is made from it; options apply each time. It does not
// exist on the chain until somebody pays it. In a tree "bob@b" is that of bob's key on the chain b, and "bob" the one on this chain.
func (k *Chain) Account(name string, options ...AccountOption) *Account {
	k.t.Helper()
	k, name = k.find(name)
	a, ok := k.accounts[k.called(name)]
	if !ok {
		key := client.DevKey("kit", name)
		a = k.register(&Account{name: k.called(name), address: chain.KeyAddress(k.id, key.Public()), key: &key})
	}
	k.check(a.key != nil, "the account %q is no key account: choose another name for the key account, or for the contract", name)
	for _, o := range options {
		o(k, a)
	}
	return a
}

// At is the account at an address; the kit gives it a name if it has none yet.
func (k *Chain) At(address chain.Address) *Account {
	if a, ok := k.known[address]; ok {
		return a
	}
	text := address.String()
	on := k.on(address.Chain())
	return on.register(&Account{name: on.called(text[:8] + "…" + text[len(text)-4:]), address: address})
}

func (k *Chain) register(a *Account) *Account {
	k.t.Helper()
	k.check(a.name != "", "an account needs a name")
	if old, ok := k.accounts[a.name]; ok {
		k.check(old.address == a.address, "two accounts have the name %q: give one another name, or another salt", a.name)
		return old
	}
	a.chain = k
	if old, ok := k.known[a.address]; ok { // named by its address so far
		delete(k.accounts, old.name)
		old.name, old.key, old.code = a.name, cmp.Or(a.key, old.key), cmp.Or(a.code, old.code)
		a = old
	}
	k.accounts[a.name], k.known[a.address] = a, a
	return a
}

func (k *Chain) nameOf(a chain.Address) string { return k.At(a).name }

// names are those of all accounts, sorted.
func (k *Chain) names() []string {
	list := make([]string, 0, len(k.accounts))
	for name := range k.accounts {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// ExpectBalance fails the test unless the account has exactly v.
func (k *Chain) ExpectBalance(of *Account, v uint64) {
	k.t.Helper()
	if got := of.Balance(); got != chain.NewAmount(v) {
		k.t.Errorf("%s has %s, expected %d%s", of.name, got, v, k.lastTraces())
	}
}

// saltOf makes a salt of words.
func saltOf(words string) (salt [32]byte) {
	if len(words) <= len(salt) {
		copy(salt[:], words)
		return salt
	}
	return wire.Sum(wire.TagSeed, []byte(words))
}
