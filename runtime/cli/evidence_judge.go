package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

func (a *app) newEvidenceJudge() *cobra.Command {
	f := &trustFlags{}
	cmd := a.command("judge FILE", "Say offline what a proof shows, and whether somebody is guilty", func(_ *cobra.Command, args []string) error {
		k, err := readCase(args[0])
		if err != nil {
			return err
		}
		trust, words, err := f.read(k)
		if err != nil {
			return err
		}
		v, err := judge(k, trust)
		if err != nil {
			return judgeFault(args[0], k, err)
		}
		return a.answer(newJudged(k, v), func() { a.printVerdict(v, words) })
	})
	cmd.Long = `Say who did what, by the bytes of the file alone: no node is asked. Signatures are those of a committee, so a judge must trust one:

  --genesis FILE      the network's genesis, as JSON or encoded, or the dev.json of a development network
  --committee FILE    what thinkey committee show --json said at a node that you trust
  --block HASH        the hash of the last final block before the height at fault, which names the committee

The exit code is 0 only if somebody is guilty beyond that trust.`
	cmd.Example = `  thinkey evidence judge case.evidence --genesis ./network/dev.json
  thinkey committee show --json > committee.json && thinkey evidence judge case.evidence --committee committee.json`
	cmd.ValidArgsFunction = nil
	cmd.Flags().StringVar(&f.genesis, "genesis", "", "file with the genesis of the network")
	cmd.Flags().StringVar(&f.committee, "committee", "", "file with the answer of thinkey committee show --json")
	cmd.Flags().StringVar(&f.block, "block", "", "hash of the last final block before the height at fault")
	return cmd
}

// judged is a verdict in JSON.
type judged struct {
	client.Evidence
	Chain chain.ID     `json:"chain"`
	Words string       `json:"words"`
	Fault *judgedFault `json:"fault,omitempty"`
}

// judgedFault is what is wrong with an invalid block.
type judgedFault struct {
	Part     block.Part       `json:"part"`
	Account  *chain.Address   `json:"account,omitempty"`
	Message  *chain.MessageID `json:"message,omitempty"`
	Expected string           `json:"expected,omitempty"`
	Found    string           `json:"found,omitempty"`
}

func newJudged(k *evidence.Case, v *evidence.Verdict) judged {
	raw := k.Encode()
	e := client.Evidence{Hash: evidence.Name(raw), Kind: string(v.Kind), Epoch: v.Epoch, Height: v.Height, Round: v.Round, Bytes: len(raw)}
	for _, g := range v.Guilty {
		e.Guilty = append(e.Guilty, client.GuiltySeat(g))
	}
	j := judged{Evidence: e, Chain: v.Chain, Words: v.Words}
	if f := v.Fault; f != nil {
		j.Fault = &judgedFault{Part: f.Part, Expected: f.Want, Found: f.Got}
		if f.Account != (chain.Address{}) {
			j.Fault.Account = &f.Account
		}
		if f.Message != (chain.MessageID{}) {
			j.Fault.Message = &f.Message
		}
	}
	return j
}

func (a *app) printVerdict(v *evidence.Verdict, trusted string) {
	if a.quiet {
		a.print("%s\n", v.Words)
		return
	}
	t := table{}
	t.add("GUILTY", v.Words)
	t.add("kind", string(v.Kind))
	t.add("where", fmt.Sprintf("chain %d, epoch %d, height %d, round %d", v.Chain, v.Epoch, v.Height, v.Round))
	t.add("by", trusted)
	a.print("%s", t.String())
}

// readCase reads a file of evidence.
func readCase(path string) (*evidence.Case, error) {
	raw, err := readUpTo(path, chain.MaxEvidenceBytes)
	switch {
	case errors.Is(err, errLong):
		return nil, failed("bad_evidence", "%v for evidence", err).do("nobody is guilty by it: fetch one with thinkey evidence get HASH --out FILE")
	case err != nil:
		return nil, failed("no_file", "FILE: %v", err).do("fetch one with: thinkey evidence get HASH --out FILE")
	}
	k, err := evidence.Decode(raw)
	if err != nil {
		return nil, failed("bad_evidence", "%s: %v", path, err).do("nobody is guilty by it: fetch it again with thinkey evidence get HASH --out FILE, or elsewhere")
	}
	return k, nil
}

// read reads what the judge trusts, and says it in words.
func (f *trustFlags) read(k *evidence.Case) (evidence.Trust, string, error) {
	given := f.given()
	switch {
	case len(given) == 0:
		return evidence.Trust{}, "", usage("nothing is trusted: whose signatures count?").
			do("name one of --genesis FILE, --committee FILE, --block HASH; the file is against committee %s of network %s", k.Committee.Hash(), k.Network())
	case len(given) > 1:
		return evidence.Trust{}, "", usage("several things are trusted").do("name one of --genesis FILE, --committee FILE, --block HASH")
	case f.genesis != "":
		g, err := readGenesis(f.genesis)
		if err != nil {
			return evidence.Trust{}, "", failed("bad_genesis", "--genesis: %v", err).do("name the file that the network was made from")
		}
		return evidence.Trust{Network: g.Network(), Committee: g.Committee.Hash()}, "the committee of the genesis of network " + g.Network().String(), nil
	case f.committee != "":
		trust, err := readCommittee(f.committee)
		if err != nil {
			return trust, "", failed("bad_committee", "--committee: %v", err).do("write the file with: thinkey committee show --json")
		}
		return trust, "the committee " + trust.Committee.String() + " of network " + trust.Network.String(), nil
	}
	hash, err := parseBlockHash(f.block)
	if err != nil || hash == (chain.BlockHash{}) {
		return evidence.Trust{}, "", usage("--block (%q)", f.block).do("write the 64 digits of a block's hash")
	}
	return evidence.Trust{Block: hash}, "the committee that block " + hash.String() + " names", nil
}

const (
	// maxGenesisFile has room for the most accounts that a genesis may have, encoded twice over.
	maxGenesisFile = 1 << 30
	// maxCommitteeFile has room for chain.MaxSeats seats in JSON, and their encoding beside them.
	maxCommitteeFile = 8 << 20
)

// readGenesis reads a genesis in one of its forms, and checks all of it.
func readGenesis(path string) (g *chain.Genesis, err error) {
	raw, err := readUpTo(path, maxGenesisFile)
	if err != nil {
		return nil, err
	}
	if text := bytes.TrimSpace(raw); len(text) == 0 || text[0] != '{' {
		g, err = chain.DecodeGenesis(raw)
	} else if bytes.Contains(text, []byte(`"`+devFormat+`"`)) {
		var d *devNetwork
		if d, err = parseDevNetwork(text); err == nil {
			g = d.genesis()
		}
	} else {
		g = &chain.Genesis{}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err = decoder.Decode(g); err == nil {
			err = g.Check()
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case len(g.Committee.Seats) == 0:
		return nil, fmt.Errorf("%s names no committee: one validator runs the chain, and has nobody to contradict", path)
	}
	return g, g.CheckPossession()
}

// readCommittee reads the answer of a node about its committee. The seats count as its encoding has them.
func readCommittee(path string) (evidence.Trust, error) {
	text, err := readUpTo(path, maxCommitteeFile)
	if err != nil {
		return evidence.Trust{}, err
	}
	var c client.Committee
	if err := json.Unmarshal(text, &c); err != nil {
		return evidence.Trust{}, fmt.Errorf("%s: %w", path, err)
	}
	k, err := chain.DecodeCommittee(c.Raw)
	switch {
	case err != nil:
		return evidence.Trust{}, fmt.Errorf("%s: %w", path, err)
	case k.Hash() != c.Hash || c.Network == chain.NetworkID{}:
		return evidence.Trust{}, fmt.Errorf("%s: committee, hash and network don't belong together", path)
	}
	return evidence.Trust{Network: c.Network, Committee: c.Hash}, nil
}

// judge runs the code of the case, if it has some, in an engine of its own.
func judge(k *evidence.Case, t evidence.Trust) (v *evidence.Verdict, err error) {
	engine, err := auditEngine(k.Code)
	if err != nil {
		return nil, err
	}
	v, err = k.Judge(t, engine)
	return v, errors.Join(err, engine.Close())
}

func judgeFault(path string, k *evidence.Case, err error) error {
	if errors.Is(err, evidence.ErrNotTrusted) {
		return failed("not_trusted", "%s: %v", path, err).do("name the genesis, or a committee, of the network that it is about; nobody is guilty by it so far")
	}
	return failed("not_guilty", "%s shows nothing against anybody at height %d: %v", path, k.About().Height, err).do("hold it against nobody")
}
