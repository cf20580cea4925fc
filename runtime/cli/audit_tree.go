package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/thinkey/thinkey/runtime/audit"
)

// auditTree audits all chains of some directories, which were copied at one consistent cut if so is said.
func (a *app) auditTree(ctx context.Context, dirs []string, together bool) error {
	report, err := audit.RunTree(ctx, auditing("", a.auditProgress()), dirs...)
	a.endProgress()
	where := strings.Join(dirs, ", ")
	if err != nil {
		return auditFault(where, err)
	}
	if err := a.answer(report, func() { a.printTree(&report) }); err != nil {
		return err
	}
	together = together && len(report.Cuts) > 0
	if report.OK() && !together {
		return nil
	}
	bad := []string{}
	if together {
		bad = append(bad, "chains were copied that don't fit")
	}
	for i := range report.Chains {
		if c := &report.Chains[i]; !c.OK() {
			bad = append(bad, fmt.Sprintf("chain %d in %s %s", c.Chain, c.Dir, brokenChecks(c.Checks)))
		}
	}
	if !(&audit.Report{Checks: report.Checks}).OK() {
		bad = append(bad, "all chains "+brokenChecks(report.Checks))
	}
	return failed("audit_failed", "%s: what is there is not what it should be (%s)", where, strings.Join(bad, "; ")).
		do("keep a copy; add the directories of chains that are missing, take later copies of those that are behind, and fetch a chain that is wrong anew")
}

// printTree prints the chains, what goes between them, and every check of each chain that is not ok.
func (a *app) printTree(r *audit.TreeReport) {
	if !a.quiet {
		a.print("%s\n%s\n%s\n", treeSums(r), treeChains(r), treeCrossings(r))
	}
	for i := range r.Chains {
		if c := &r.Chains[i]; !c.OK() {
			a.print("chain %d in %s\n", c.Chain, c.Dir)
			a.printChecks(c.Checks)
		}
	}
	a.printChecks(r.Checks)
}

func treeSums(r *audit.TreeReport) string {
	t := table{}
	t.add("network", r.Network.String())
	t.add("issued", r.Issued.String())
	t.add("held", r.Held.String())
	t.add("under way", r.UnderWay.String())
	for i := range r.Chains {
		if c := &r.Chains[i]; c.Base > 0 {
			t.add("from", fmt.Sprintf("chain %d in %s from %s", c.Chain, c.Dir, fromWords(&c.Report)))
		}
		for _, id := range r.Chains[i].Forked {
			t.add("FORKED", forkedWords(id))
		}
	}
	for _, c := range r.Cuts {
		t.add("cut", fmt.Sprintf("chain %d is looked at up to block %d of %d: then it came to know block %d of chain %d, which isn't looked at", c.Chain, c.Height, c.Head, c.Knows, c.Of))
	}
	t.add("took", r.Took.Round(time.Millisecond).String())
	return t.String()
}

func treeChains(r *audit.TreeReport) string {
	t := table{}
	t.add("", "chain", "height", "head", "messages", "directory")
	for i := range r.Chains {
		c := &r.Chains[i]
		t.add(resultWord(chainResult(c)), fmt.Sprint(c.Chain), fmt.Sprint(c.Height), c.Head.String(), fmt.Sprint(c.Messages), c.Dir)
	}
	return t.String()
}

// chainResult is that of all checks of a chain.
func chainResult(c *audit.ChainReport) audit.Result {
	worst := audit.OK
	for _, check := range c.Checks {
		if check.Result == audit.Failed || worst == audit.OK {
			worst = check.Result
		}
	}
	return worst
}

func treeCrossings(r *audit.TreeReport) string {
	t := table{}
	t.add("from", "to", "sent", "taken in", "value under way")
	for _, c := range r.Crossings {
		t.add(fmt.Sprint(c.From), fmt.Sprint(c.To), fmt.Sprint(c.Sent), fmt.Sprint(c.Taken), c.UnderWay.String())
	}
	return t.String()
}
