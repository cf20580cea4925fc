package cli

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/knadh/koanf/v2"
	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// nodeConfig is node.toml.
type nodeConfig struct {
	Transport          string   `toml:"transport" comment:"where other nodes connect, host:port"`
	Gossip             string   `toml:"gossip" comment:"where the mesh is reached, ip:port, by UDP and TCP"`
	Placement          string   `toml:"placement" comment:"where other nodes ask for accounts, host:port"`
	API                string   `toml:"api" comment:"where users are served, host:port"`
	AdvertiseTransport string   `toml:"advertise-transport" comment:"what other nodes are told instead of transport, if they reach this one elsewhere: placement has the port that it has here"`
	AdvertiseGossip    string   `toml:"advertise-gossip" comment:"what they are told instead of gossip, ip:port"`
	DialFrom           string   `toml:"dial-from" comment:"the IP address of this machine that other nodes are connected from; any if empty"`
	APIPerAddress      uint64   `toml:"api-per-address" comment:"how many connections of one address users are served on at once, of 4096 in all; raise it where a proxy stands before the node"`
	Seeds              []string `toml:"seeds" comment:"gossip addresses of nodes that are asked first"`
	Genesis            string   `toml:"genesis" comment:"what the network begins with; files, here and below, are looked for in the home"`
	PasswordFile       string   `toml:"password-file" comment:"its first line is the password of the node's key; asked for if empty"`
	GossipKeyFile      string   `toml:"gossip-key-file" comment:"a line for each key that encrypts gossip, 32 to 64 hex digits, the one in use first; none on a public network"`
	Trusted            []string `toml:"trusted" comment:"keys of nodes without a seat that may follow the chains"`
	Chains             []uint32 `toml:"chains" comment:"the chains that this node runs, with those above them; all if it names none. Chains that are made later run where the node has a seat, too"`
	Block              string   `toml:"block" comment:"when blocks are made: auto, or an interval such as 500ms"`
	Sync               string   `toml:"sync" comment:"what a node with an empty directory fetches: blocks, all of them, or snapshot, the state of some blocks ago and the blocks after that"`
	Checkpoints        []string `toml:"checkpoints" comment:"blocks that you know, from elsewhere, to be those of chains, as CHAIN:HEIGHT:HASH, one of a chain: no chain is taken that has another one there"`
	KeepStates         uint64   `toml:"keep-states" comment:"how many blocks back earlier states are kept; 0 for all"`
	DevSeed            string   `toml:"dev-seed" comment:"of a test network, whose accounts' keys follow from a public seed; on loopback alone"`
	DevNames           []string `toml:"dev-names" comment:"names of accounts that users are told of"`

	origin map[string]string // of each key
}

func defaultNodeConfig() nodeConfig {
	return nodeConfig{
		Transport: "127.0.0.1:7171", Gossip: "127.0.0.1:7172", Placement: "127.0.0.1:7173", API: "127.0.0.1:7070", APIPerAddress: 256, Seeds: []string{}, Genesis: genesisFile, Trusted: []string{},
		Chains: []uint32{}, Block: "auto", Sync: syncBlocks, Checkpoints: []string{}, KeepStates: 10_000, DevNames: []string{},
	}
}

// write makes node.toml.
func (c *nodeConfig) write(h nodeHome) error {
	text, err := toml.Marshal(c)
	if err != nil {
		return err
	}
	return writeWhole(h.file(nodeConfigFile), append([]byte("# A node of thinkey. Keys that are not known are refused; the environment and flags go before what stands here.\n\n"), text...))
}

// nodeSettings are the keys of node.toml. What they are at first, and how they are written, nodeConfig says.
func nodeSettings() (list []setting) {
	is := reflect.ValueOf(defaultNodeConfig())
	for i := range is.NumField() {
		field := is.Type().Field(i)
		key := field.Tag.Get("toml")
		if key == "" {
			continue
		}
		k := setting{key: key, what: field.Tag.Get("comment"), check: nodeChecks[key]}
		switch v := is.Field(i).Interface().(type) {
		case string:
			k.initial = v
		case uint64:
			k.initial, k.form = strconv.FormatUint(v, 10), formNumber
			if k.check == nil {
				k.check = checkNumber
			}
		case []string:
			k.form = formTexts
		case []uint32:
			k.form, k.check = formNumbers, checkNumber
		}
		list = append(list, k)
	}
	return list
}

var nodeChecks = map[string]func(string) error{
	"transport": checkHostPort, "gossip": checkIPPort, "placement": checkHostPort, "api": checkHostPort, "api-per-address": checkPerAddress, "advertise-transport": checkAdvertised(checkHostPort),
	"advertise-gossip": checkAdvertised(checkIPPort), "dial-from": checkIP, "trusted": checkPublicKey, "block": checkPace, "sync": checkSync, "checkpoints": checkCheckpoint, "genesis": checkFilled,
}

func checkHostPort(value string) error {
	_, port, err := net.SplitHostPort(value)
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
		return errors.New("write host:port, such as 127.0.0.1:7171; port 0 takes a free one")
	}
	return nil
}

func checkIPPort(value string) error {
	host, _, _ := net.SplitHostPort(value)
	if err := checkHostPort(value); err != nil || net.ParseIP(host) == nil {
		return errors.New("write an IP address and a port, such as 127.0.0.1:7172")
	}
	return nil
}

// checkAdvertised also takes nothing, for the address that is listened on.
func checkAdvertised(check func(string) error) func(string) error {
	return func(value string) error {
		if value == "" {
			return nil
		}
		return check(value)
	}
}

func checkIP(value string) error {
	if value != "" && net.ParseIP(value) == nil {
		return errors.New("write an IP address of this machine, such as 192.0.2.1, or nothing")
	}
	return nil
}

func checkPublicKey(value string) error {
	if _, err := keys.ParsePublicKey(value); err != nil {
		return fmt.Errorf("%w; copy it from the node's %s", err, nodeCardFile)
	}
	return nil
}

func checkSync(value string) error {
	if value != syncBlocks && value != syncSnapshot {
		return errors.New("write blocks, or snapshot for a node that needs no history")
	}
	return nil
}

func checkCheckpoint(value string) error {
	_, err := node.ParseCheckpoint(value)
	return err
}

func checkPace(value string) error {
	if pace, err := node.ParsePace(value); err != nil || pace.Manual {
		return errors.New("write auto, or an interval from 10ms to 1h, such as 500ms")
	}
	return nil
}

func checkNumber(value string) error {
	if _, err := strconv.ParseUint(value, 10, 32); err != nil {
		return errors.New("write a whole number from 0 to 4294967295")
	}
	return nil
}

func checkPerAddress(value string) error {
	if n, err := strconv.ParseUint(value, 10, 32); err != nil || n == 0 || n > 4096 {
		return errors.New("write a whole number from 1 to 4096")
	}
	return nil
}

// nodeFlags gives a command a flag for each key of node.toml that it has none for yet.
func nodeFlags(cmd *cobra.Command) {
	for _, k := range nodeSettings() {
		switch {
		case cmd.Flags().Lookup(k.key) != nil:
		case k.form.isList():
			cmd.Flags().StringSlice(k.key, nil, k.what)
		default:
			cmd.Flags().String(k.key, k.initial, k.what)
		}
	}
}

// nodeFlagsSet are the flags of a command that say something of node.toml's keys.
func nodeFlagsSet(cmd *cobra.Command) map[string]string {
	set := map[string]string{}
	for _, k := range nodeSettings() {
		flag := cmd.Flags().Lookup(k.key)
		if flag == nil || !flag.Changed {
			continue
		}
		set[k.key] = flag.Value.String()
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			set[k.key] = strings.Join(list.GetSlice(), ",")
		}
	}
	return set
}

// readNodeConfig is the configuration of a node: what node.toml says, the environment over it, and over both the flags.
func readNodeConfig(h nodeHome, environ []string, flags map[string]string) (nodeConfig, error) {
	s, err := loadNodeSettings(h, environ, flags)
	if err != nil {
		return nodeConfig{}, err
	}
	return s.nodeConfig()
}

func loadNodeSettings(h nodeHome, environ []string, flags map[string]string) (*settings, error) {
	path := h.file(nodeConfigFile)
	if _, err := os.Stat(path); err != nil {
		if homes, _ := testnetHomes(string(h)); len(homes) > 0 {
			return nil, failed("no_node", "--home: %s is a test network of %s", h, count(len(homes), "node")).do("name one of them, such as --home %s", homes[0])
		}
		return nil, failed("no_node", "--home: %v", err).do("make a node with: thinkey node init --home %s", h)
	}
	return loadSettings(sources{known: nodeSettings(), path: path, named: true, environ: environ, prefix: envNodePrefix, flags: flags})
}

// nodeConfig is what the settings of a node say, if they can all be meant together.
func (s *settings) nodeConfig() (c nodeConfig, err error) {
	if err := s.merged.UnmarshalWithConf("", &c, koanf.UnmarshalConf{Tag: "toml"}); err != nil {
		return c, err
	}
	c.origin = s.origin
	return c, c.check()
}

// check is about what several keys say together.
func (c *nodeConfig) check() error {
	for _, a := range []struct{ key, value string }{
		{"advertise-transport", cmp.Or(c.AdvertiseTransport, c.Transport)}, {"advertise-gossip", cmp.Or(c.AdvertiseGossip, c.Gossip)},
	} {
		host, _, _ := net.SplitHostPort(a.value)
		if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
			return usage("setting %s (%q): nobody reaches that address", a.key, a.value).do("write advertise-transport and advertise-gossip with the address that others reach")
		}
	}
	if isOwn(hostOf(c.Placement)) && !isOwn(hostOf(c.Transport)) {
		return usage("setting placement (%q): other nodes, who reach %s, don't reach it", c.Placement, c.Transport).do("write it with the host of transport")
	}
	if c.DevSeed != "" {
		if host, _, _ := net.SplitHostPort(c.API); net.ParseIP(host) == nil || !net.ParseIP(host).IsLoopback() {
			return usage("setting api (%q, from %s) can be reached from outside, and the keys of a test network (dev-seed) are public", c.API, c.origin["api"]).do("use a loopback address")
		}
	}
	return nil
}

// trusted are the keys that may follow.
func (c *nodeConfig) trusted() (list []keys.PublicKey, err error) {
	for _, text := range c.Trusted {
		k, err := keys.ParsePublicKey(text)
		if err != nil {
			return nil, err // checked when it was read
		}
		list = append(list, k)
	}
	return list, nil
}

// checkpoints are blocks that chains must have, of those that the node runs.
func (c *nodeConfig) checkpoints(chains []chain.ID) (list []node.Checkpoint, err error) {
	for _, text := range c.Checkpoints {
		p, err := node.ParseCheckpoint(text)
		switch {
		case err != nil:
			return nil, err // checked when it was read
		case !slices.Contains(chains, p.Chain):
			return nil, usage("setting checkpoints (%q, from %s): this node doesn't run chain %d", text, c.origin["checkpoints"], p.Chain).do("write those of the chains that it runs")
		case slices.ContainsFunc(list, func(q node.Checkpoint) bool { return q.Chain == p.Chain }):
			return nil, usage("setting checkpoints (from %s): there are two of chain %d", c.origin["checkpoints"], p.Chain).do("write the later one alone")
		}
		list = append(list, p)
	}
	return list, nil
}

// chains are those that the node runs, by number: parents are among them, as a chain's nodes follow its ancestors (SPEC 7.1).
func (c *nodeConfig) chains(g *chain.Genesis) (list []chain.ID, err error) {
	tree := g.Tree()
	for _, l := range tree {
		if len(c.Chains) == 0 || slices.Contains(c.Chains, uint32(l.ID)) {
			list = append(list, l.ID)
		}
	}
	for _, id := range c.Chains {
		parent := tree.Parent(chain.ID(id))
		switch {
		case !tree.Has(chain.ID(id)):
			return nil, usage("setting chains (from %s): the network has no chain %d", c.origin["chains"], id).do("write some of those that thinkey genesis show lists")
		case parent != 0 && !slices.Contains(list, parent):
			return nil, usage("setting chains (from %s): chain %d stands under chain %d, which is not among them", c.origin["chains"], id, parent).do("add it: a chain's nodes follow those above it")
		}
	}
	return list, nil
}

// gossipKeys are what encrypts gossip; none if there is no file.
func (c *nodeConfig) gossipKeys(h nodeHome) (list [][]byte, err error) {
	if c.GossipKeyFile == "" {
		return nil, nil
	}
	path := h.at(c.GossipKeyFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, failed("no_gossip_key", "gossip-key-file: %v", err).do("name a file that can be read")
	}
	for line := range strings.FieldsSeq(string(text)) {
		key, err := hex.DecodeString(line)
		if err != nil || len(key) != 16 && len(key) != 24 && len(key) != 32 {
			return nil, usage("%s: a key of gossip has 32, 48 or 64 hex digits", path).do("make one with: openssl rand -hex 32")
		}
		list = append(list, key)
	}
	if len(list) == 0 {
		return nil, usage("%s holds no key", path).do("make one with: openssl rand -hex 32")
	}
	return list, nil
}
