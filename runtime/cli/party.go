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
	parties []party // by name
}

// openBook asks the node which network it is, and reads the names of the key files.
func (a *app) openBook(ctx context.Context, c *client.Client) (*book, error) {
	terms, err := c.Terms(ctx)
	if err != nil {
		return nil, err
	}
	b := &book{terms: terms}
	entries, err := keyfile.List(a.settings.keyDir())
	if err != nil {
		a.log.Warn("key files that can't be used", "error", err)
	}
	for _, e := range entries {
		b.parties = append(b.parties, party{e.Name, fromKeyFile, chain.KeyAddress(terms.Chain, e.Public)})
	}
	if terms.Dev != nil { // U5
		for _, name := range terms.Dev.Names {
			address := chain.KeyAddress(terms.Chain, client.DevKey(terms.Dev.Seed, name).Public())
			b.parties = append(b.parties, party{name, fromDev, address})
		}
	}
	return b, nil
}

// find is the account that text means: an address, or a name that only one account has.
func (b *book) find(text string) (party, error) {
	if strings.HasPrefix(text, "tk1") {
		address, err := chain.ParseAddress(text)
		if err != nil {
			return party{}, usage("%v", err).do("copy the address again")
		}
		return b.at(address), nil
	}
	source, name, qualified := strings.Cut(text, ":")
	if !qualified {
		source, name = "", text
	}
	var found []party
	for _, p := range b.parties {
		if p.name == name && (source == "" || p.source == source) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 1:
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

// at is the party with that address, nameless if it is none of ours.
func (b *book) at(address chain.Address) party {
	for _, p := range b.parties {
		if p.address == address {
			return p
		}
	}
	return party{address: address}
}

// name is the account's name if it has one, else its address, shortened.
func (b *book) name(address chain.Address) string {
	p := b.at(address)
	if p.name != "" {
		return p.name
	}
	if address.IsSystem() {
		return "system"
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
