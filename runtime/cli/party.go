package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/keys/keyfile"
)

// Where a name comes from; also what stands before it to tell two apart.
const (
	fromKeyFile = "key"
	fromDev     = "dev"
)

// party is a named account whose key can be had here.
type party struct {
	name    string
	source  string
	address chain.Address
}

// book is whom names mean on the network of one node.
type book struct {
	terms   client.Info
	chains  []client.Chain // of a network that has several
	carrier party          // who pays for what goes between chains; nobody of most networks
	keys    []keyfile.Entry
	parties []party // by name, on the chain that is meant where none is named
}

// openBook asks the node which network it is, and reads the names of the key files.
func (a *app) openBook(ctx context.Context, c *client.Client) (*book, error) {
	terms, err := c.Terms(ctx)
	if err != nil {
		return nil, err
	}
	b := &book{terms: terms}
	if terms.Chains > 1 {
		list, err := c.Chains(ctx)
		if err != nil {
			return nil, err
		}
		b.chains = list.Chains
	}
	entries, err := keyfile.List(a.settings.keyDir())
	if err != nil {
		a.log.Warn("key files that can't be used", "error", err)
	}
	b.keys = entries
	for _, e := range entries {
		b.parties = append(b.parties, party{e.Name, fromKeyFile, chain.KeyAddress(terms.Chain, e.Public)})
	}
	if terms.Dev != nil { // U5
		for _, name := range terms.Dev.Names {
			address := chain.KeyAddress(terms.Chain, client.DevKey(terms.Dev.Seed, name).Public())
			b.parties = append(b.parties, party{name, fromDev, address})
		}
		if name := terms.Dev.Carrier; name != "" {
			b.carrier = party{name, fromDev, chain.KeyAddress(terms.Chain, client.DevKey(terms.Dev.Seed, name).Public())}
		}
	}
	return b, nil
}

// find is the account that text means: an address, or a name that only one account has; behind @ its chain.
func (b *book) find(text string) (party, error) {
	if strings.HasPrefix(text, "tk1") {
		address, err := chain.ParseAddress(text)
		if err != nil {
			return party{}, usage("%v", err).do("copy the address again")
		}
		return b.at(address), nil
	}
	plain, on, elsewhere := strings.Cut(text, "@")
	source, name, qualified := strings.Cut(plain, ":")
	if !qualified {
		source, name = "", plain
	}
	at := b.terms.Chain
	if elsewhere {
		var err error
		if at, err = b.chain(on); err != nil {
			return party{}, err
		}
	}
	if system := b.systemCalled(name, at); system != nil && source == "" {
		return *system, nil
	}
	var found []party
	for _, p := range b.known() {
		if p.name == name && (source == "" || p.source == source) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 1:
		if elsewhere {
			found[0].address = found[0].address.On(at)
		}
		return found[0], nil
	case 0:
		return party{}, b.unknown(text)
	}
	return party{}, usage("%q is a key file and an account of the development network", text).
		do("write %s:%s or %s:%s", fromKeyFile, name, fromDev, name)
}

// signs is who signs: the account that text means; if it is empty the first of a development network, or the only key
// there is.
func (b *book) signs(text string) (party, error) {
	if text != "" {
		return b.find(text)
	}
	if b.terms.Dev != nil && len(b.terms.Dev.Names) > 0 {
		return b.find(fromDev + ":" + b.terms.Dev.Names[0])
	}
	if len(b.parties) == 1 {
		return b.parties[0], nil
	}
	return party{}, usage("--from is missing, and there are %d keys", len(b.parties)).do("name one with --from NAME; see: thinkey key list")
}

func (b *book) unknown(text string) error {
	known := make(map[string]bool)
	for _, p := range b.parties {
		known[p.name] = true
	}
	names := slices.Sorted(maps.Keys(known))
	f := usage("no account is called %q", text)
	if len(names) == 0 {
		return f.do("write an address, or make a key with: thinkey key new NAME")
	}
	return f.do("%s", meant("", text, names, "names: thinkey account list; or write an address"))
}

// known are all whose keys can be had.
func (b *book) known() []party {
	if b.carrier.name == "" {
		return b.parties
	}
	return append(slices.Clip(b.parties), b.carrier)
}

// systemCalled is the system actor of a chain; nil if no one is called so.
func (b *book) systemCalled(name string, at chain.ID) *party {
	for _, address := range []chain.Address{chain.DigestsAddress(at), chain.RegistryAddress(), chain.NodesAddress()} {
		if name == systemName(address) && len(b.chains) > 0 {
			return &party{name: name, address: address}
		}
	}
	return nil
}

// chain is the one that text means: a number, a name that only one has, or main, whatever chain 1 is called by its genesis. Anybody can call a
// chain by another one's number, or main.
func (b *book) chain(text string) (chain.ID, error) {
	if text == chain.MainName && len(b.chains) > 0 {
		return chain.Main, nil
	}
	var found []chain.ID
	var names []string
	for i := range b.chains {
		c := &b.chains[i]
		if fmt.Sprint(c.Chain) == text {
			return c.Chain, nil
		}
		if names = append(names, c.Name); c.Name == text {
			found = append(found, c.Chain)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if len(b.chains) == 0 {
			return 0, usage("chain %q: the network has one chain", text).do("leave it out")
		}
		return 0, usage("no chain is called %q", text).do("%s", meant("", text, names, "see: thinkey chain list"))
	}
	return 0, usage("chain %q: chains %d and %d are called so", text, found[0], found[1]).do("write the number")
}

// onChain is how an account of another chain than the one that is meant is told: @ and the chain's name, or its number.
func (b *book) onChain(id chain.ID) string {
	if len(b.chains) == 0 || id == b.terms.Chain {
		return ""
	}
	return "@" + b.chainName(id)
}

// chainName is the chain's name, or its number if it has none of its own.
func (b *book) chainName(id chain.ID) string {
	for i := range b.chains {
		if c := &b.chains[i]; c.Chain == id && c.Name != "" {
			return calledBy(id, c.Name)
		}
	}
	return fmt.Sprint(id)
}

// calledBy is how a chain is named to users, who can name it so: the main chain has the network's name of its own.
func calledBy(id chain.ID, name string) string {
	if id == chain.Main {
		return chain.MainName
	}
	return printable(name)
}

// at is the party with that address, on whichever chain, nameless if it is none of ours.
func (b *book) at(address chain.Address) party {
	for _, p := range b.known() {
		if p.address.On(address.Chain()) == address {
			p.address = address
			return p
		}
	}
	return party{address: address}
}

// name is the account's name if it has one, else its address, shortened.
func (b *book) name(address chain.Address) string {
	if p := b.at(address); p.name != "" {
		return p.name + b.onChain(address.Chain())
	}
	if name := systemName(address); name != "" {
		return name + b.onChain(address.Chain())
	}
	return shortAddress(address)
}

func shortAddress(address chain.Address) string {
	text := address.String()
	return text[:10] + "…" + text[len(text)-4:]
}

// key is the party's private key; a key file asks for its password.
func (a *app) key(b *book, p party, from *password) (keys.PrivateKey, error) {
	switch p.source {
	case fromDev:
		return client.DevKey(b.terms.Dev.Seed, p.name), nil
	case fromKeyFile:
		word, err := from.read(fmt.Sprintf("Password of the key %s: ", p.name))
		if err != nil {
			return keys.PrivateKey{}, err
		}
		return keyfile.Open(a.settings.keyDir(), p.name, word)
	}
	return keys.PrivateKey{}, usage("the key of %s is not here", p.address).
		do("send from a key file (thinkey key list) or an account of a development network")
}
