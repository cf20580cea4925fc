package cli

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/wire"
)

// A file of a proof begins with these bytes and what it is of; its content is the canonical encoding.
const proofMagic = "tkproof"

const (
	proofOfAccount byte = 1 // header, certificate, record, path
	proofOfRelays  byte = 2 // a light.Envelope
	proofOfBlocks  byte = 3 // a chain.Digest
	proofOfTrail   byte = 4 // a light.Trail
	proofOfAck     byte = 5 // a light.Acknowledgement
)

// maxProofFile bounds what is read.
const maxProofFile = 8 << 20

func (a *app) newProof() *cobra.Command {
	cmd := a.group("proof", "Get, check and carry proofs as files", "")
	cmd.Long = `Get, check and carry proofs as files. A proof convinces whoever knows the network's genesis: no node has to be believed, and anybody may carry it.

  thinkey proof get account bob@b --out bob.proof        what an account has
  thinkey proof get digest a --out a.digest              blocks of chain a, for its parent
  thinkey proof get relay a --to b --out pay.relay     what chain a sent to chain b
  thinkey proof get ack b --to a --out b.ack           how much of that chain b has taken in
  thinkey proof get trail a --out a.trail                who certifies chain a now, from the genesis on
  thinkey proof verify FILE --genesis network/dev.json   offline
  thinkey proof put FILE                                 bring a digest to the parent, relays or an acknowledgement to their chain`
	get := a.group("get", "Get a proof as a file", "")
	get.AddCommand(a.newProofAccount(), a.newProofDigest(), a.newProofRelay(), a.newProofAck(), a.newProofTrail())
	cmd.AddCommand(get, a.newProofVerify(), a.newProofPut())
	return cmd
}

// outFlag is where a proof is written.
func outFlag(cmd *cobra.Command, out *string) {
	cmd.Flags().StringVar(out, "out", "", "file to write the proof to")
}

// writeProof writes a file and says what is in it.
func (a *app) writeProof(path string, kind byte, content []byte, about map[string]any, words string) error {
	if path == "" {
		return usage("--out is missing").do("name the file for the proof, such as --out my.proof")
	}
	raw := append(append([]byte(proofMagic), kind), content...)
	if err := writeWhole(path, raw); err != nil {
		return failed("no_file", "--out: %v", err)
	}
	about["file"], about["bytes"] = path, len(raw)
	return a.answer(about, func() { a.say("%s: %s, %s\n", path, words, count(len(raw), "byte")) })
}

// readProof reads what writeProof wrote.
func readProof(path string) (kind byte, content []byte, err error) {
	raw, err := readUpTo(path, maxProofFile)
	switch {
	case errors.Is(err, errLong):
		return 0, nil, badProof(path, err)
	case err != nil:
		return 0, nil, failed("no_file", "%s can't be read: %v", path, innermost(err)).do("get one with: thinkey proof get")
	}
	rest, ours := bytes.CutPrefix(raw, []byte(proofMagic))
	if !ours || len(rest) == 0 || rest[0] < proofOfAccount || rest[0] > proofOfAck {
		return 0, nil, badProof(path, fmt.Errorf("it is no file of thinkey proof get"))
	}
	return rest[0], rest[1:], nil
}

func badProof(path string, err error) error {
	return failed("bad_proof", "%s proves nothing: %v", path, err).do("don't use it; get it again, or elsewhere")
}

func (a *app) newProofAccount() *cobra.Command {
	out := ""
	cmd := a.command("account NAME|ADDRESS", "Get what an account has, with its proof", func(cmd *cobra.Command, args []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		b, err := a.openBook(ctx, c)
		if err != nil {
			return err
		}
		who, err := b.find(args[0])
		if err != nil {
			return err
		}
		account, err := c.ProvenAccount(ctx, who.address)
		if err != nil {
			return err
		}
		p := account.Proof
		if len(p.Certificate) == 0 {
			return failed("no_certificate", "block %d of chain %d has no certificate: nothing shows it to others", account.Height, account.Chain).
				do("a committee certifies blocks from height 1 on: wait for one, or run one with thinkey dev")
		}
		content := append([]byte(nil), who.address[:]...)
		for _, part := range []client.Hex{p.Header, p.Certificate, p.Record, p.Path} {
			content = wire.AppendBytes(content, part)
		}
		about := map[string]any{"account": who.address, "chain": account.Chain, "height": account.Height, "balance": account.Balance}
		words := fmt.Sprintf("account %s at height %d of chain %s", b.name(who.address), account.Height, b.chainName(account.Chain))
		return a.writeProof(out, proofOfAccount, content, about, words)
	})
	outFlag(cmd, &out)
	return cmd
}

// accountProof reads the content of an account's proof.
func accountProof(content []byte) (chain.Address, *client.Proof, error) {
	r := wire.NewReader(content)
	var address chain.Address
	r.Into("address", address[:])
	p := &client.Proof{}
	for name, part := range []*client.Hex{&p.Header, &p.Certificate, &p.Record, &p.Path} {
		*part = client.Hex(r.Bytes(fmt.Sprint("part ", name), maxProofFile))
	}
	return address, p, r.Done()
}

func (a *app) newProofVerify() *cobra.Command {
	genesis, trail := "", ""
	cmd := a.command("verify FILE", "Say offline what a proof shows", func(_ *cobra.Command, args []string) error {
		kind, content, err := readProof(args[0])
		if err != nil {
			return err
		}
		if genesis == "" {
			return usage("--genesis is missing").do("name the network's genesis, or the dev.json of a development network: a proof shows what it shows to who trusts that")
		}
		g, err := readGenesis(genesis)
		if err != nil {
			return failed("bad_genesis", "--genesis: %v", err).do("name the genesis of the network, or its dev.json")
		}
		v := &verifier{genesis: g}
		if v.trust, err = readTrail(g, trail); err != nil {
			return err
		}
		shown, words, err := v.verify(kind, content)
		if err != nil {
			return badProof(args[0], err)
		}
		return a.answer(shown, func() { a.print("✓ %s\n", words) })
	})
	cmd.ValidArgsFunction = nil
	cmd.Long = `Say what a proof shows by the bytes of the file alone: no node is asked. Signatures are those of the committees that the genesis names. A
proof from a later epoch of a chain, or of a chain that was made later, needs more than the genesis: --trail names a file that leads from there to who
certifies that chain now (for relays: the lowest chain above both); get it with thinkey proof get trail. The exit code is 0 only if all of it holds.`
	cmd.Example = "  thinkey proof verify bob.proof --genesis network/dev.json\n  thinkey proof verify shop.proof --genesis network/dev.json --trail shop.trail"
	cmd.Flags().StringVar(&trail, "trail", "", "file of thinkey proof get trail, for what came after the genesis")
	cmd.Flags().StringVar(&genesis, "genesis", "", "file with the genesis of the network, as JSON or encoded, or the dev.json of a development network")
	return cmd
}

// verifier is who knows a genesis, and maybe what a trail has shown of a chain.
type verifier struct {
	genesis *chain.Genesis
	trust   *light.Trust // nil without a trail
}

// verify is what a proof shows, as JSON and in words.
func (v *verifier) verify(kind byte, content []byte) (map[string]any, string, error) {
	switch kind {
	case proofOfAccount:
		return v.account(content)
	case proofOfBlocks:
		return v.blocks(content)
	case proofOfTrail:
		return verifyTrail(v.genesis, content)
	case proofOfAck:
		return v.ack(content)
	}
	return v.relays(content)
}

// knows is what is known of a chain: by the trail, or by the genesis, which names who certifies the first epoch.
func (v *verifier) knows(id chain.ID) (*light.Trust, error) {
	if v.trust != nil && v.trust.Committee.Chain() == id {
		return v.trust, nil
	}
	of, err := v.genesis.Of(id)
	if err != nil {
		return nil, fmt.Errorf("chain %d is none of the genesis: name its trail with --trail (thinkey proof get trail)", id)
	}
	c, err := light.NewCommittee(v.genesis.Network(), of.Committee)
	if err != nil {
		return nil, err
	}
	return &light.Trust{Tree: v.genesis.Tree(), Known: chain.Known{Epoch: c.Epoch(), Committee: c.Hash()}, Committee: c}, nil
}

// later says that an epoch is another one than is known.
func (v *verifier) later(t *light.Trust, h *chain.Header) error {
	if h.Epoch == t.Committee.Epoch() {
		return nil
	}
	return fmt.Errorf("block %d of chain %d is of epoch %d, and known is who certifies epoch %d: name a trail of then with --trail (thinkey proof get trail)",
		h.Height, h.Chain, h.Epoch, t.Committee.Epoch())
}

func (v *verifier) account(content []byte) (map[string]any, string, error) {
	address, p, err := accountProof(content)
	if err != nil {
		return nil, "", err
	}
	record, header, err := p.Open(address)
	if err != nil {
		return nil, "", err
	}
	trust, err := v.knows(address.Chain())
	if err != nil {
		return nil, "", err
	}
	if err := v.later(trust, header); err != nil {
		return nil, "", err
	}
	cert, err := chain.DecodeCertificate(p.Certificate)
	if err == nil {
		err = trust.Committee.Block(header, &cert)
	}
	if err != nil {
		return nil, "", fmt.Errorf("block %d of chain %d: %w", header.Height, header.Chain, err)
	}
	shown := map[string]any{
		"proof": "account", "account": address, "chain": header.Chain, "height": header.Height, "block": header.Hash(), "balance": record.Balance, "nonce": record.Nonce,
	}
	return shown, fmt.Sprintf("account %s has %s, nonce %d, after block %d of chain %d", address, record.Balance, record.Nonce, header.Height, header.Chain), nil
}

func (v *verifier) blocks(content []byte) (map[string]any, string, error) {
	d, err := chain.DecodeDigest(content)
	if err != nil {
		return nil, "", err
	}
	last := d.Last()
	trust, err := v.knows(last.Chain)
	if err != nil {
		return nil, "", err
	}
	if err := v.later(trust, last); err != nil {
		return nil, "", err
	}
	// Blocks before the one that a trail ends with are certified as those behind it.
	known := chain.Known{Epoch: trust.Known.Epoch, Committee: trust.Known.Committee}
	if _, err := light.Follow(known, &d, trust.Committee, light.Ahead); err != nil {
		return nil, "", err
	}
	shown := map[string]any{"proof": "digest", "chain": last.Chain, "first": d.Headers[0].Height, "last": last.Height, "block": last.Hash()}
	return shown, fmt.Sprintf("blocks %d to %d of chain %d, certified by its committee", d.Headers[0].Height, last.Height, last.Chain), nil
}

func (v *verifier) relays(content []byte) (map[string]any, string, error) {
	e, err := light.DecodeEnvelope(content)
	if err != nil {
		return nil, "", err
	}
	trust, err := v.above(e.Views)
	if err != nil {
		return nil, "", err
	}
	p, err := e.Verify(trust)
	if err != nil {
		return nil, "", err
	}
	im := &e.Import
	shown := map[string]any{
		"proof": "relays", "source": im.Source, "to": p.To, "first": im.First, "messages": len(im.Messages), "carried": p.Carried,
		"above": trust.Committee.Chain(), "height": p.Known.Anchor.Height, "block": p.Known.Anchor.Hash,
	}
	words := fmt.Sprintf("%s from chain %d to chain %d, from number %d on, carrying %s, covered by block %d of chain %d", count(len(im.Messages), "relay"),
		im.Source, p.To, im.First, p.Carried, p.Known.Anchor.Height, trust.Committee.Chain())
	return shown, words, nil
}

// above is what is known of the chain above both that the views of an envelope or an acknowledgement are of.
func (v *verifier) above(views []chain.Digest) (*light.Trust, error) {
	if len(views) == 0 {
		return nil, fmt.Errorf("it shows no block of the chain above source and destination")
	}
	first := views[0].Last()
	trust, err := v.knows(first.Chain)
	if err != nil {
		return nil, err
	}
	if err := v.later(trust, first); err != nil {
		return nil, err
	}
	trust.Known.Anchor = chain.Anchor{}
	return trust, nil
}

func (v *verifier) ack(content []byte) (map[string]any, string, error) {
	e, err := light.DecodeAcknowledgement(content)
	if err != nil {
		return nil, "", err
	}
	trust, err := v.above(e.Views)
	if err != nil {
		return nil, "", err
	}
	p, err := e.Verify(trust)
	if err != nil {
		return nil, "", err
	}
	shown := map[string]any{
		"proof": "ack", "chain": e.Ack.Chain, "to": e.To, "next": p.Next, "height": p.By.Height,
		"above": trust.Committee.Chain(), "covered_by": p.Known.Anchor.Height, "block": p.Known.Anchor.Hash,
	}
	words := fmt.Sprintf("chain %d has taken in %s of chain %d up to its block %d, covered by block %d of chain %d",
		e.Ack.Chain, count(int(p.Next), "relay"), e.To, p.By.Height, p.Known.Anchor.Height, trust.Committee.Chain())
	return shown, words, nil
}
