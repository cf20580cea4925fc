package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

func (a *app) newEvidence() *cobra.Command {
	cmd := a.group("evidence", "Show what members of a committee did wrong, and judge it", `  thinkey evidence list
  thinkey evidence get HASH --out case.evidence
  thinkey evidence judge case.evidence --genesis genesis.json`)
	cmd.AddCommand(a.newEvidenceList(), a.newEvidenceGet(), a.newEvidenceJudge())
	return cmd
}

func (a *app) newEvidenceList() *cobra.Command {
	cmd := a.command("list", "List the proofs that a node keeps against members of its committee", func(cmd *cobra.Command, _ []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		l, err := evidenceAt(ctx, c)
		if err != nil {
			return err
		}
		return a.answer(l, func() { a.printEvidence(&l) })
	})
	cmd.Long = `List what a node has found out about members of its committee, or was shown by another member: each is a file that convicts one
member, of having signed two things that contradict each other or of having prepared a block that is not valid. The list is the node's
word; get the file, and judge it yourself.`
	return cmd
}

// evidenceAt lists the evidence of the node's own chain.
func evidenceAt(ctx context.Context, c *client.Client) (client.EvidenceList, error) {
	terms, err := c.Terms(ctx)
	if err != nil {
		return client.EvidenceList{}, err
	}
	return c.Evidence(ctx, terms.Chain)
}

func (a *app) printEvidence(l *client.EvidenceList) {
	t := table{}
	t.numbers(1, 2)
	if !a.quiet {
		t.add("kind", "height", "round", "seat", "member", "hash")
	}
	for i := range l.Evidence {
		e := &l.Evidence[i]
		if a.quiet {
			a.print("%s\n", e.Hash)
			continue
		}
		var seats, members []string
		for _, g := range e.Guilty {
			seats = append(seats, fmt.Sprint(g.Seat))
			if m := g.Member.String()[:16] + "…"; len(members) == 0 || members[len(members)-1] != m {
				members = append(members, m)
			}
		}
		t.add(e.Kind, fmt.Sprint(e.Height), fmt.Sprint(e.Round), strings.Join(seats, ","), strings.Join(members, ","), e.Hash.String())
	}
	switch {
	case len(l.Evidence) > 0 && !a.quiet:
		a.print("%s", t.String())
	case len(l.Evidence) == 0:
		a.say("nothing is kept against any member of chain %d\n", l.Chain)
	}
}

func (a *app) newEvidenceGet() *cobra.Command {
	out := ""
	cmd := a.command("get HASH", "Fetch one proof as a file", func(cmd *cobra.Command, args []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		l, err := evidenceAt(ctx, c)
		if err != nil {
			return err
		}
		e, err := findEvidence(&l, args[0])
		if err != nil {
			return err
		}
		raw, err := c.RawEvidence(ctx, l.Chain, e.Hash)
		if err != nil {
			return err
		}
		if out == "" {
			out = e.Hash.String() + ".evidence"
		}
		if err := writeWhole(out, raw); err != nil {
			return failed("no_file", "--out: %v", err).do("name a file in a directory that you can write to")
		}
		answer := map[string]any{"hash": e.Hash, "file": out, "bytes": len(raw)}
		return a.answer(answer, func() {
			a.say("%s in %s\njudge it with: thinkey evidence judge %s\n", count(len(raw), "byte"), out, out)
		})
	})
	cmd.Long = `Fetch one of the proofs that a node keeps, by its hash or the beginning of it. The file says all that a judge needs but whom to trust.`
	takesHash := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("HASH is missing").do("list what is kept with thinkey evidence list, and write: thinkey evidence get HASH")
		}
		return takesHash(cmd, args)
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write (default: the hash and .evidence)")
	return cmd
}

// findEvidence is what text means: a hash, or the beginning of one.
func findEvidence(l *client.EvidenceList, text string) (*client.Evidence, error) {
	text = strings.TrimPrefix(strings.ToLower(text), "0x")
	var found *client.Evidence
	for i := range l.Evidence {
		if !strings.HasPrefix(l.Evidence[i].Hash.String(), text) || len(text) < 4 {
			continue
		}
		if found != nil {
			return nil, usage("HASH (%q) is the beginning of several", text).do("write more of it; list them with: thinkey evidence list")
		}
		found = &l.Evidence[i]
	}
	if found == nil {
		return nil, failed(client.CodeUnknownEvidence, "no such evidence is kept there (%s)", cut(text)).do("list what is with: thinkey evidence list")
	}
	return found, nil
}

// trustFlags say what a judge trusts: one of them.
type trustFlags struct{ genesis, committee, block string }

func (f *trustFlags) given() (list []string) {
	for name, value := range map[string]string{"--genesis": f.genesis, "--committee": f.committee, "--block": f.block} { // any order: only counted
		if value != "" {
			list = append(list, name)
		}
	}
	return list
}

// parseBlockHash reads the hash of a block.
func parseBlockHash(text string) (h chain.BlockHash, err error) {
	err = h.UnmarshalText([]byte(strings.TrimPrefix(text, "0x")))
	return h, err
}
