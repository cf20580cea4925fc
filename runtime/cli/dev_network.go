package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

const (
	devBalance     = 1_000_000 // of an account, where none are named
	maxDevAccounts = 10_000
)

// devNetwork is what the genesis of a development network is made from. It is written to the data directory before the
// ledger is, so that a start that was cut off can be repeated (U7).
type devNetwork struct {
	Format     string       `json:"format"`
	Version    int          `json:"version"`
	Seed       string       `json:"seed"`
	TimeMillis uint64       `json:"time_millis"`
	GasPrice   uint64       `json:"gas_price"`
	Deposit    uint64       `json:"deposit"`
	Validators int          `json:"validators,omitempty"` // of the committee; none is one that runs the chain alone
	Chains     []namedChain `json:"chains,omitempty"`     // a validator each; none is the main chain alone
	Accounts   []devAccount `json:"accounts"`
}

// devAccount is a named account. Its key follows from the seed and the name.
type devAccount struct {
	Name    string        `json:"name"`
	Address chain.Address `json:"address"`
	Balance chain.Amount  `json:"balance"` // at genesis
}

const (
	devFormat  = "thinkey-dev"
	devVersion = 1
	devFile    = "dev.json"
	ledgerDir  = "ledger"
	// validatorDir and a number is the ledger of one of several validators.
	validatorDir = "validator-"
	// foundingFile is there until all ledgers of a new network are: until then an empty one is not a lost one.
	foundingFile = "founding"
	oldPrefix    = "deleted-"
)

// network is the one that the flags describe.
func (o *devOptions) network(seed string) (*devNetwork, error) {
	d := &devNetwork{
		Format: devFormat, Version: devVersion, Seed: seed, TimeMillis: uint64(time.Now().UnixMilli()), GasPrice: o.gasPrice, Deposit: o.deposit,
	}
	if o.validators > 1 {
		d.Validators = o.validators
	}
	d.Chains = o.plan
	named, err := o.named(seed)
	if err != nil {
		return nil, err
	}
	if d.Accounts = named; len(d.Chains) > 0 {
		d.Accounts = nil
		if err := d.onChains(named); err != nil {
			return nil, err
		}
	}
	if err := d.genesis().Check(); err != nil {
		return nil, usage("--account: %v", err)
	}
	return d, nil
}

// named are the accounts that the flags name, or the usual ones.
func (o *devOptions) named(seed string) (list []devAccount, err error) {
	named := o.accounts
	if len(named) == 0 {
		for _, name := range client.DevNames() {
			named = append(named, fmt.Sprintf("%s=%d", name, devBalance))
		}
	}
	if len(named) > maxDevAccounts {
		return nil, usage("--account (%d of them); at most %d", len(named), maxDevAccounts).do("leave some out")
	}
	for _, text := range named {
		account, err := o.parseDevAccount(seed, text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(x devAccount) bool { return x.Name == account.Name }) {
			return nil, usage("--account (%q) names %s twice", text, account.Name).do("leave one out")
		}
		list = append(list, account)
	}
	return list, nil
}

func (o *devOptions) parseDevAccount(seed, text string) (devAccount, error) {
	wrong := usage("--account (%q)", text)
	name, number, ok := strings.Cut(text, "=")
	if !ok {
		return devAccount{}, wrong.do("write NAME=AMOUNT, such as alice=20")
	}
	plain, on, several := strings.Cut(name, "@")
	switch {
	case several && len(o.plan) == 0:
		return devAccount{}, wrong.do("the network has one chain: leave @%s out, or name several with --tree", on)
	case !isName(plain):
		return devAccount{}, wrong.do("a name has 1 to 32 letters a-z, digits and -, and begins with a letter; it doesn't look like an address")
	}
	balance, err := chain.ParseAmount(number)
	if err != nil {
		return devAccount{}, wrong.do("%v", err)
	}
	if balance.IsZero() {
		return devAccount{}, wrong.do("leave out an account that has nothing; it comes to be when it is first paid")
	}
	return devAccount{name, devAddress(seed, name), balance}, nil
}

// isName says whether an account may be called so: by what can't be taken for an address.
func isName(name string) bool {
	if name == "" || len(name) > 32 || strings.HasPrefix(name, "tk1") {
		return false
	}
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

func devAddress(seed, name string) chain.Address { return devAddressOn(chain.Main, seed, name) }

func devAddressOn(id chain.ID, seed, name string) chain.Address {
	return chain.KeyAddress(id, client.DevKey(seed, name).Public())
}

// genesis is the same for the same network, always.
func (d *devNetwork) genesis() *chain.Genesis {
	g := &chain.Genesis{Name: "dev", Chain: chain.Main, TimeMillis: d.TimeMillis, Params: chain.DefaultParams()}
	g.Params.MinGasPrice, g.Params.DepositPerAccount = d.GasPrice, d.Deposit
	if len(d.Chains) > 0 {
		return d.grow(g)
	}
	if d.Validators > 0 {
		d.seat(g)
	}
	for _, a := range d.Accounts {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: a.Address, Balance: a.Balance})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	return g
}

// name is the account's, else its address, shortened.
func (d *devNetwork) name(address chain.Address) string {
	for _, a := range d.Accounts {
		if a.Address == address {
			return a.Name + d.chainName(address.Chain())
		}
	}
	if address == devAddressOn(address.Chain(), d.Seed, carrierName) && len(d.Chains) > 0 {
		return carrierName + d.chainName(address.Chain())
	}
	if name := systemName(address); name != "" {
		return name + d.chainName(address.Chain())
	}
	return shortAddress(address)
}

func (d *devNetwork) names() []string {
	var names []string
	for _, a := range d.Accounts {
		if !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
	}
	return names
}

// fixed are the flags that a stored network must agree with: those that were given.
func (a *app) fixed(given func(flag string) bool) []string {
	flags := slices.DeleteFunc([]string{"account", "gas-price", "deposit", "validators", "chains", "tree"}, func(f string) bool { return !given(f) })
	if a.settings.origin["seed"] != "default" {
		flags = append(flags, "seed")
	}
	return flags
}

// differs says in what the stored network is not the one that was asked for.
func (d *devNetwork) differs(asked *devNetwork, fixed []string) error {
	for _, flag := range fixed {
		var stored, want string
		switch flag {
		case "account":
			stored, want = d.accountFlags(), asked.accountFlags()
		case "seed":
			stored, want = strconv.Quote(d.Seed), strconv.Quote(asked.Seed)
		case "gas-price":
			stored, want = fmt.Sprint(d.GasPrice), fmt.Sprint(asked.GasPrice)
		case "validators":
			stored, want = fmt.Sprint(max(d.Validators, 1)), fmt.Sprint(max(asked.Validators, 1))
		case "chains", "tree":
			flag, stored, want = "tree", d.treeText(), asked.treeText()
		case "deposit":
			stored, want = fmt.Sprint(d.Deposit), fmt.Sprint(asked.Deposit)
		}
		if stored != want {
			return usage("--%s (%s) differs from the stored network's (%s)", flag, want, stored).
				do("leave the flag out to go on with the stored network, use --reset to delete it, or choose another --data")
		}
	}
	return nil
}

func (d *devNetwork) accountFlags() string {
	var list []string
	for _, a := range d.Accounts {
		list = append(list, a.Name+d.chainName(a.Address.Chain())+"="+a.Balance.String())
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// ledger is the directory of a validator, the only one or one of several; empty for memory.
func (o *devOptions) ledger(validator int) string {
	switch {
	case o.data == "":
		return ""
	case o.validators > 1:
		return filepath.Join(o.data, validatorDir+strconv.Itoa(validator))
	}
	return filepath.Join(o.data, ledgerDir)
}

// ledgers are the directories of validators that there are.
func (o *devOptions) ledgers() []string {
	list, _ := filepath.Glob(filepath.Join(o.data, validatorDir+"*")) // the pattern is ours
	if one := filepath.Join(o.data, ledgerDir); isDir(one) {
		list = append(list, one)
	}
	return list
}

// compiled is where a validator keeps compiled code; empty for memory.
func (o *devOptions) compiled(validator int) string {
	switch {
	case o.data == "":
		return ""
	case o.validators > 1:
		return filepath.Join(o.data, codeCache, strconv.Itoa(validator))
	}
	return filepath.Join(o.data, codeCache)
}

func (o *devOptions) keeps() string {
	if o.data == "" {
		return "in memory: nothing is kept; keep it with --data DIR"
	}
	states := "all earlier states"
	if o.keepStates > 0 {
		states = "the states of the last " + count(int(o.keepStates), "block")
	}
	return fmt.Sprintf("kept in %s: every block, %s", o.data, states)
}

// prepare returns the network to run: the stored one if there is one, else the one asked for, stored.
func (o *devOptions) prepare(asked *devNetwork, fixed []string) (*devNetwork, error) {
	if o.data == "" {
		if o.reset {
			return nil, usage("--reset without --data").do("there is nothing to delete: a network in memory is always fresh")
		}
		return asked, nil
	}
	if err := store.MakeDir(o.data); err != nil {
		return nil, failed("no_data", "--data: %v", err).do("name a directory that you can write to")
	}
	if o.reset {
		if err := o.clear(); err != nil {
			return nil, err
		}
	}
	if err := o.sweep(); err != nil {
		return nil, err
	}
	stored, err := readDevNetwork(o.data)
	if errors.Is(err, fs.ErrNotExist) {
		return asked, o.found(asked)
	}
	if err != nil {
		return nil, err
	}
	o.validators = max(stored.Validators, 1)
	return stored, stored.differs(asked, fixed)
}

// found writes a new network down. The ledger comes after it, never before (U7).
func (o *devOptions) found(d *devNetwork) error {
	if len(o.ledgers()) > 0 {
		return failed("no_network", "%s holds a ledger, but not the %s that it was made from", o.data, devFile).
			do("restore the file, use --reset to delete the ledger, or choose another --data")
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	if d.Validators > 0 || len(d.Chains) > 0 {
		if err := writeWhole(o.founding(), nil); err != nil {
			return err
		}
	}
	return writeWhole(filepath.Join(o.data, devFile), append(text, '\n'))
}

// readDevNetwork reads what found wrote.
func readDevNetwork(dir string) (*devNetwork, error) {
	path := filepath.Join(dir, devFile)
	d, err := readDevNetworkFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed("bad_network", "%v", err).do("restore the file, or use --reset to delete the network")
	}
	return d, err
}

func readDevNetworkFile(path string) (*devNetwork, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := parseDevNetwork(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// parseDevNetwork reads the text of a development network.
func parseDevNetwork(text []byte) (*devNetwork, error) {
	d := &devNetwork{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(d)
	if err == nil {
		err = d.checkChains()
	}
	if err == nil && (d.Format != devFormat || d.Version != devVersion) {
		err = fmt.Errorf("format %q version %d; this program reads %q version %d", d.Format, d.Version, devFormat, devVersion)
	}
	for _, a := range d.Accounts {
		if err == nil && a.Address != devAddressOn(a.Address.Chain(), d.Seed, a.Name) {
			err = fmt.Errorf("the address of %s is not that of its seed", a.Name)
		}
	}
	return d, err
}

// clear deletes the network in the directory. What a crash leaves is either the network or none: it goes with the file that
// names it, and each ledger in one step, by its name.
func (o *devOptions) clear() error {
	for i, ledger := range o.ledgers() {
		s, err := store.Open(store.Options{Dir: ledger})
		if errors.Is(err, store.ErrInUse) {
			return failed("in_use", "%s is in use by another process", o.data).do("stop it before --reset")
		}
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "the ledger that is deleted: %v\n", err)
		}
		if i == 0 && strings.HasPrefix(filepath.Base(ledger), validatorDir) { // of several: none may be left of another network
			if err := removeIfThere(filepath.Join(o.data, devFile)); err != nil {
				return err
			}
		}
		if err := os.Rename(ledger, filepath.Join(o.data, oldPrefix+strconv.FormatInt(time.Now().UnixNano(), 36)+strconv.Itoa(i))); err != nil {
			return err
		}
	}
	return errors.Join(removeIfThere(o.founding()), removeIfThere(filepath.Join(o.data, devFile)), os.RemoveAll(filepath.Join(o.data, codeCache)))
}

// sweep deletes what clear set aside.
func (o *devOptions) sweep() error {
	old, err := filepath.Glob(filepath.Join(o.data, oldPrefix+"*"))
	for _, dir := range old {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// hint is what to do when the node doesn't start.
func (o *devOptions) hint() string {
	if o.data != "" {
		return "if the data is worth nothing, delete it with --reset; else choose another --data and keep it"
	}
	return "see more with --log debug"
}

// table lists the accounts with what they have now.
func (d *devNetwork) table(n *node.Node) string {
	t := table{}
	t.numbers(1)
	list := slices.DeleteFunc(slices.Clone(d.Accounts), func(a devAccount) bool { return a.Address.Chain() != n.Chain() })
	for _, a := range list[:min(len(list), 20)] {
		balance := "?"
		if at, err := n.Account(a.Address); err == nil {
			balance = at.Account.Balance.String()
		}
		t.add(a.Name, balance, a.Address.String())
	}
	text := t.String()
	if more := len(list) - 20; more > 0 {
		text += fmt.Sprintf("and %d more: thinkey account list\n", more)
	}
	if more := len(d.Accounts) - len(list); more > 0 {
		text += fmt.Sprintf("and %d on other chains, such as %s%s\n", more, list[0].Name, d.otherChain())
	}
	return text
}
