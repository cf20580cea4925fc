package cli

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/keys/keyfile"
	"github.com/thinkey/thinkey/sdk/wire"
)

// nodeHome is the directory of a node: all that it needs to start, and all that it must not lose.
type nodeHome string

const (
	nodeConfigFile = "node.toml"
	nodeKeyName    = "node"
	nodeCardFile   = "card.json"
	genesisFile    = "genesis.json"
	nodeReadyFile  = "ready.json" // while it runs
	nodeLogFile    = "node.log"   // of testnet up
	knownFile      = "known"      // nodes that the mesh has met
)

func (h nodeHome) file(name string) string { return filepath.Join(string(h), name) }

// at is a path of the configuration: from the home on, unless it begins at the root.
func (h nodeHome) at(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return h.file(path)
}

// nodeConfig is node.toml.
type nodeConfig struct {
	Transport          string   `toml:"transport" comment:"where other nodes connect, host:port"`
	Gossip             string   `toml:"gossip" comment:"where the mesh is reached, ip:port, by UDP and TCP"`
	Placement          string   `toml:"placement" comment:"where other nodes ask for accounts, host:port"`
	API                string   `toml:"api" comment:"where users are served, host:port"`
	AdvertiseTransport string   `toml:"advertise-transport" comment:"what other nodes are told instead of transport and gossip, if they reach this one elsewhere: placement has the port that it has here"`
	AdvertiseGossip    string   `toml:"advertise-gossip"`
	DialFrom           string   `toml:"dial-from" comment:"the IP address of this machine that other nodes are connected from; any if empty"`
	Seeds              []string `toml:"seeds" comment:"gossip addresses of nodes that are asked first"`
	Genesis            string   `toml:"genesis" comment:"files; paths begin in this directory"`
	PasswordFile       string   `toml:"password-file" comment:"its first line is the password of the node's key; asked for if empty"`
	GossipKeyFile      string   `toml:"gossip-key-file" comment:"a line for each key that encrypts gossip, 32 to 64 hex digits, the one in use first; none on a public network"`
	Trusted            []string `toml:"trusted" comment:"keys of nodes without a seat that may follow the chains"`
	Chains             []uint32 `toml:"chains" comment:"the chains that this node runs; all if it names none. Those above them are among them"`
	Block              string   `toml:"block" comment:"when blocks are made: auto, or an interval such as 500ms"`
	KeepStates         uint64   `toml:"keep-states" comment:"how many blocks back earlier states are kept; 0 for all"`
	DevSeed            string   `toml:"dev-seed" comment:"of a test network, whose accounts' keys follow from a public seed; on loopback alone"`
	DevNames           []string `toml:"dev-names"`
}

func defaultNodeConfig() nodeConfig {
	return nodeConfig{
		Transport: "127.0.0.1:7171", Gossip: "127.0.0.1:7172", Placement: "127.0.0.1:7173", API: "127.0.0.1:7070", Seeds: []string{}, Genesis: genesisFile, Trusted: []string{},
		Chains: []uint32{}, Block: "auto", KeepStates: 10_000, DevNames: []string{},
	}
}

// write makes node.toml.
func (c *nodeConfig) write(h nodeHome) error {
	text, err := toml.Marshal(c)
	if err != nil {
		return err
	}
	return writeWhole(h.file(nodeConfigFile), append([]byte("# A node of thinkey. Keys that are not known are refused.\n\n"), text...))
}

// readNodeConfig reads node.toml, and refuses what it can't mean.
func readNodeConfig(h nodeHome) (nodeConfig, error) {
	path := h.file(nodeConfigFile)
	c := defaultNodeConfig()
	text, err := os.ReadFile(path)
	if err != nil {
		return c, failed("no_node", "--home: %v", err).do("make a node with: thinkey node init --home %s", h)
	}
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, usage("%s: %s", path, tomlWords(err)).do("mend the line, or see what there is: thinkey node init --help")
	}
	return c, c.check(path)
}

// tomlWords says where a file is wrong, and which key is not known.
func tomlWords(err error) string {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		row, _ := unknown.Errors[0].Position()
		return fmt.Sprintf("line %d: unknown key %q", row, strings.Join(unknown.Errors[0].Key(), "."))
	}
	var where *toml.DecodeError
	if errors.As(err, &where) {
		row, column := where.Position()
		return fmt.Sprintf("line %d, column %d: %v", row, column, err)
	}
	return err.Error()
}

func (c *nodeConfig) check(path string) error {
	for _, a := range []struct{ key, value string }{
		{"transport", c.Transport}, {"gossip", c.Gossip}, {"placement", c.Placement}, {"api", c.API}, {"advertise-transport", cmp.Or(c.AdvertiseTransport, c.Transport)},
		{"advertise-gossip", cmp.Or(c.AdvertiseGossip, c.Gossip)},
	} {
		host, port, err := net.SplitHostPort(a.value)
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
			return usage("%s: %s (%q)", path, a.key, a.value).do("write host:port, such as 127.0.0.1:7171; port 0 takes a free one")
		}
		if strings.HasSuffix(a.key, "gossip") && net.ParseIP(host) == nil {
			return usage("%s: %s (%q)", path, a.key, a.value).do("write an IP address and a port, such as 127.0.0.1:7172")
		}
		if ip := net.ParseIP(host); strings.HasPrefix(a.key, "advertise") && ip != nil && ip.IsUnspecified() {
			return usage("%s: %s (%q): nobody reaches that address", path, a.key, a.value).do("write advertise-transport and advertise-gossip with the address that others reach")
		}
	}
	if c.DialFrom != "" && net.ParseIP(c.DialFrom) == nil {
		return usage("%s: dial-from (%q)", path, c.DialFrom).do("write an IP address of this machine, such as 192.0.2.1, or nothing")
	}
	if pace, err := node.ParsePace(c.Block); err != nil || pace.Manual {
		return usage("%s: block (%q)", path, c.Block).do("write auto, or an interval from 10ms to 1h, such as 500ms")
	}
	if c.DevSeed != "" {
		if host, _, _ := net.SplitHostPort(c.API); net.ParseIP(host) == nil || !net.ParseIP(host).IsLoopback() {
			return usage("%s: api (%q) can be reached from outside, and the keys of a test network (dev-seed) are public", path, c.API).do("use a loopback address")
		}
	}
	return nil
}

// trusted are the keys that may follow.
func (c *nodeConfig) trusted(path string) (list []keys.PublicKey, err error) {
	for _, text := range c.Trusted {
		k, err := keys.ParsePublicKey(text)
		if err != nil {
			return nil, usage("%s: trusted: %v", path, err).do("copy it from the node's %s", nodeCardFile)
		}
		list = append(list, k)
	}
	return list, nil
}

// chains are those that the node runs, by number: parents are among them, as a chain's nodes follow its ancestors (SPEC 7.1).
func (c *nodeConfig) chains(g *chain.Genesis, path string) (list []chain.ID, err error) {
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
			return nil, usage("%s: chains: the network has no chain %d", path, id).do("write some of those that thinkey genesis show lists")
		case parent != 0 && !slices.Contains(list, parent):
			return nil, usage("%s: chains: chain %d stands under chain %d, which is not among them", path, id, parent).do("add it: a chain's nodes follow those above it")
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

// nodeCard is what a node shows of itself so that it is given a seat: nothing of it is secret.
type nodeCard struct {
	Node       keys.PublicKey    `json:"node"`
	Key        keys.BLSPublicKey `json:"key"`
	Possession keys.BLSSignature `json:"possession"`
	Gossip     string            `json:"gossip,omitempty"`
}

// votingKey is what a node votes with. It follows from the node's key, so that there is one secret to keep.
func votingKey(k keys.PrivateKey) keys.BLSSecret {
	seed := k.Seed()
	return keys.BLSFromSeed(wire.Sum(wire.TagVoting, seed[:]))
}

func cardOf(k keys.PrivateKey, gossip string) nodeCard {
	secret := votingKey(k)
	return nodeCard{k.Public(), secret.Public(), chain.ProveSeat(k.Public(), secret), gossip}
}

func readCard(path string) (c nodeCard, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(&c)
	}
	if err == nil {
		err = errors.Join(c.Node.Check(), chain.VerifySeat(c.Node, c.Key, c.Possession))
	}
	if err != nil {
		return c, failed("bad_card", "%s: %v", path, err).do("name the %s that thinkey node init wrote", nodeCardFile)
	}
	return c, nil
}

// found makes the directory of a new node.
func (h nodeHome) found(c nodeConfig, key keys.PrivateKey, word []byte) error {
	if isThere(h.file(nodeConfigFile)) {
		return failed("node_exists", "%s is the home of a node already", h).do("choose another --home: a key that was used must not be made anew")
	}
	if err := os.MkdirAll(string(h), 0o700); err != nil {
		return failed("no_home", "--home: %v", err).do("name a directory that you can write to")
	}
	card, err := json.MarshalIndent(cardOf(key, cmp.Or(c.AdvertiseGossip, c.Gossip)), "", "  ")
	if err != nil {
		return err
	}
	if err := keyfile.Create(string(h), nodeKeyName, key, word); err != nil {
		return failed("no_key", "the node's key: %v", err).do("choose another --home")
	}
	if err := writeWhole(h.file(nodeCardFile), append(card, '\n')); err != nil {
		return err
	}
	if err := writeWhole(h.file(foundingFile), nil); err != nil { // until it has run: nobody ever voted with the key
		return err
	}
	return c.write(h)
}
