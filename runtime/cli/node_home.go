package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

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
