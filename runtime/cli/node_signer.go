package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/keys/keyfile"
)

const (
	// signedFile is there from an import until the chains in it have begun (marks): what the key signed elsewhere.
	signedFile = "signed.json"
	// movedFile is there from an export to an import: the key may run elsewhere.
	movedFile = "moved"
	// signerVersion is that of the file's form.
	signerVersion = 1
	// maxSignerFile bounds the file: a thousand chains take a tenth of it.
	maxSignerFile = 1 << 20
)

// signerFile says what a node's key has signed last on each chain, in JSON, so that it can go on elsewhere. A chain that is not in it is one of which
// that is not known.
type signerFile struct {
	Version int             `json:"version"` // 1
	Network chain.NetworkID `json:"network"`
	Node    keys.PublicKey  `json:"node"`
	Chains  []signerChain   `json:"chains"` // by number, none twice
}

// signerChain is the last signature of a chain.
type signerChain struct {
	Chain  chain.ID `json:"chain"`
	Epoch  uint64   `json:"epoch"`
	Height uint64   `json:"height"`
	Round  uint32   `json:"round"`
	Step   string   `json:"step"` // preparation, confirmation, timeout; or nothing, of a height of which nothing is signed yet: 0 before the first
}

// signedOn is the last signature of each chain.
type signedOn map[chain.ID]*bft.Signed

func (a *app) newNodeSigner() *cobra.Command {
	cmd := a.group("signer", "Move what a node's key has signed to another machine", `  thinkey node signer export signed.json --home ./node       (on the old machine; the node there doesn't start any more)
  thinkey node signer import signed.json --home ./node       (on the new one)`)
	cmd.AddCommand(a.newSignerExport(), a.newSignerImport())
	return cmd
}

func (a *app) newSignerExport() *cobra.Command {
	home := ""
	cmd := a.command("export FILE", "Write what the key of a stopped node has signed last, and retire the node", func(_ *cobra.Command, args []string) error {
		h := nodeHome(home)
		if isThere(args[0]) {
			return failed("file_exists", "%s is there already", args[0]).do("name another file")
		}
		f, err := a.signerOf(h)
		if err != nil {
			return err
		}
		retired := isThere(h.file(movedFile))
		if err := writeWhole(h.file(movedFile), nil); err != nil { // first: from now on it may run elsewhere
			return err
		}
		unknown, err := f.read(h)
		if err != nil {
			if !retired {
				err = errors.Join(err, removeIfThere(h.file(movedFile)))
			}
			return err
		}
		if err := f.write(args[0]); err != nil {
			return err
		}
		return a.answer(f, func() {
			a.say("%s in %s; the node of %s doesn't start any more, until what its key signs elsewhere is imported there\n", count(len(f.Chains), "chain"), args[0], h)
			for _, id := range unknown {
				a.say("chain %d: what was signed is not known; the node will wait there until voting is safe\n", id)
			}
		})
	})
	cmd.Long = `Write what a node's key has signed last: for each chain the epoch, height, round and step, as JSON, with the network and the key. It holds no secret. Whoever starts
the key elsewhere imports it first, so that nothing is signed twice.

The node must be stopped, and doesn't start any more afterwards: its key is meant to run elsewhere. To go back, export it there and import it here.`
	homeFlag(cmd, &home)
	return cmd
}

func (a *app) newSignerImport() *cobra.Command {
	home := ""
	cmd := a.command("import FILE", "Take in what the key of a node has signed elsewhere", func(_ *cobra.Command, args []string) error {
		h := nodeHome(home)
		own, err := a.signerOf(h)
		if err != nil {
			return err
		}
		f, err := readSigner(args[0])
		if err != nil {
			return err
		}
		if f.Network != own.Network {
			return failed("other_network", "%s is of network %s, and %s of %s", args[0], f.Network, h, own.Network).do("name the file that was exported from this network's node")
		}
		if f.Node != own.Node {
			return failed("other_key", "%s is of node %s, and %s has the key of %s", args[0], f.Node, h, own.Node).do("copy node.json from the machine where it was exported")
		}
		if err := stopped(h); err != nil {
			return err
		}
		if earlier, err := readSigner(h.file(signedFile)); err == nil {
			f.merge(earlier)
		} else if isThere(h.file(signedFile)) {
			return err
		}
		if err := f.write(h.file(signedFile)); err != nil {
			return err
		}
		restored := isThere(h.file(restoredFile)) // it stays: what the key signed after the backup may be in a later file than this one
		// Afterwards: until then the node waits, or doesn't start. The ledger has no longer been there all the time.
		for _, mark := range []string{wholeFile, foundingFile, movedFile} {
			if err := removeIfThere(h.file(mark)); err != nil {
				return err
			}
		}
		return a.answer(f, func() {
			a.say("the node of %s signs above that of %s only: thinkey node start --home %s\n", h, count(len(f.Chains), "chain"), h)
			if restored {
				a.say("its directory was restored from a backup: it waits all the same until voting is safe\n")
			}
		})
	})
	cmd.Long = `Take in what thinkey node signer export wrote elsewhere, for the same key and network. At its next start the node signs nothing at the heights of the file or
below; what it knows to have signed itself it keeps, where that is later. Of two files the later counts, chain by chain: nothing goes back.

The file must be the newest: what was signed after it was written is not in it. A directory that was restored from a backup stays one: its node waits until
voting is safe, whatever is imported.`
	homeFlag(cmd, &home)
	return cmd
}

// signerOf is an empty file for the node of a home: it names key and network.
func (a *app) signerOf(h nodeHome) (*signerFile, error) {
	c, err := readNodeConfig(h, a.Environ, nil)
	if err != nil {
		return nil, err
	}
	key, err := keyfile.Find(string(h), nodeKeyName)
	if err != nil {
		return nil, failed("no_key", "the node's key: %v", err).do("copy it to %s", h.file(nodeKeyName+".json"))
	}
	g, err := readDraft(h.at(c.Genesis))
	if err != nil {
		return nil, err
	}
	return &signerFile{Version: signerVersion, Network: g.Network(), Node: key.Public, Chains: []signerChain{}}, nil
}

// stopped refuses a home whose node runs.
func stopped(h nodeHome) error {
	if _, ok := h.running(); ok || store.InUse(h.file(ledgerDir)) {
		return failed("in_use", "the node of %s runs", h).do("stop it first: thinkey node stop --home %s", h)
	}
	return nil
}

// read adds what the ledger says, and what was imported since the last start; unknown are chains of which nothing is known.
func (f *signerFile) read(h nodeHome) (unknown []chain.ID, err error) {
	if err := stopped(h); err != nil {
		return nil, err
	}
	if imported, err := readSigner(h.file(signedFile)); err == nil {
		f.merge(imported)
	} else if isThere(h.file(signedFile)) {
		return nil, err
	}
	waits, err := h.readWaiting()
	if err != nil {
		return nil, err
	}
	if waits.all {
		return nil, failed("restored", "%s was restored and has not voted since: what it signed before is not known", h).do("start it as it is: it waits until voting is safe")
	}
	r, err := store.OpenRaw(store.Options{Dir: h.file(ledgerDir)})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, store.ErrInUse):
		return nil, failed("in_use", "the node of %s runs", h).do("stop it first: thinkey node stop --home %s", h)
	case err != nil:
		return nil, failed("bad_ledger", "%s: %v", h.file(ledgerDir), err).do("what was signed can't be read: start the node elsewhere with --restored")
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	chains, err := r.Chains()
	if err != nil {
		return nil, err
	}
	defer func() { // what was imported and not taken in yet says less than what is not known
		f.Chains = slices.DeleteFunc(f.Chains, func(c signerChain) bool { return slices.Contains(unknown, c.Chain) })
	}()
	for _, id := range chains {
		if waits.on(id) {
			unknown = append(unknown, id)
			continue
		}
		raw, err := r.Votes(id)
		if errors.Is(err, store.ErrNotFound) {
			continue // it never voted there
		}
		if err != nil {
			return nil, err
		}
		safety, err := bft.DecodeSafety(raw)
		if err != nil {
			return nil, fmt.Errorf("chain %d: %w", id, err)
		}
		last, known := safety.Signed()
		if !known {
			unknown = append(unknown, id)
			continue
		}
		f.merge(&signerFile{Chains: []signerChain{{id, last.Epoch, last.Height, last.Round, last.Step.String()}}})
	}
	return unknown, nil
}

// merge takes from other what is later.
func (f *signerFile) merge(other *signerFile) {
	for _, c := range other.Chains {
		i, found := slices.BinarySearchFunc(f.Chains, c.Chain, func(c signerChain, id chain.ID) int { return cmp.Compare(c.Chain, id) })
		switch {
		case !found:
			f.Chains = slices.Insert(f.Chains, i, c)
		case f.Chains[i].signed().Compare(c.signed()) < 0:
			f.Chains[i] = c
		}
	}
}

// signed is what the entry says; it was checked.
func (c *signerChain) signed() bft.Signed {
	step, _ := bft.ParseDeed(c.Step)
	return bft.Signed{Epoch: c.Epoch, Height: c.Height, Round: c.Round, Step: step}
}

func (f *signerFile) write(path string) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(path, append(text, '\n'))
}

// readSigner reads a file, and refuses what no export writes.
func readSigner(path string) (*signerFile, error) {
	bad := func(err error) error {
		return failed("bad_signer", "%s: %v", path, err).do("name a file that thinkey node signer export wrote")
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, bad(err)
	}
	defer func() { _ = in.Close() }()
	text, err := io.ReadAll(io.LimitReader(in, maxSignerFile))
	if err != nil {
		return nil, bad(err)
	}
	f := &signerFile{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(f); err != nil {
		return nil, bad(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, bad(errors.New("something stands behind the object"))
	}
	if f.Version != signerVersion {
		return nil, bad(fmt.Errorf("version %d, this program reads %d", f.Version, signerVersion))
	}
	for i, c := range f.Chains {
		_, err := bft.ParseDeed(c.Step)
		if err == nil {
			err = c.signed().Check()
		}
		if err == nil && (c.Chain == 0 || i > 0 && f.Chains[i-1].Chain >= c.Chain) {
			err = errors.New("chains are numbered from 1, and stand in order")
		}
		if err != nil {
			return nil, bad(fmt.Errorf("chain %d: %w", c.Chain, err))
		}
	}
	return f, nil
}

// startSigned is what was imported since the last start. It refuses to start a node whose signer was exported.
func startSigned(h nodeHome, k keys.PublicKey, network chain.NetworkID, m *marks) (signedOn, error) {
	if isThere(h.file(movedFile)) {
		return nil, failed("moved", "what the key of %s signed was exported: it may run elsewhere", h).
			do("if it does not, import the newest file: thinkey node signer import FILE --home %s", h)
	}
	if !isThere(h.file(signedFile)) {
		return nil, nil
	}
	raw, err := os.ReadFile(h.file(signedFile))
	if err != nil {
		return nil, err
	}
	f, err := readSigner(h.file(signedFile))
	if err != nil {
		return nil, err
	}
	m.raw, m.signed = raw, f
	if f.Node != k || f.Network != network {
		return nil, failed("other_key", "%s is of node %s on network %s", h.file(signedFile), f.Node, f.Network).do("import the file of this node: thinkey node signer import FILE --home %s", h)
	}
	all := signedOn{}
	for _, c := range f.Chains {
		last := c.signed()
		all[c.Chain] = &last
	}
	return all, nil
}
