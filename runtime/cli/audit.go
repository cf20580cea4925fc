package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

func (a *app) newAudit() *cobra.Command {
	o := &networkAudit{}
	cmd := a.command("audit [DIR...]", "Check every invariant over all blocks in data directories, or of a running network", func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return a.auditNetwork(cmd.Context(), o)
		}
		var dirs []string
		for _, arg := range args {
			homes, _ := testnetHomes(arg) // none: it is a directory of one node
			for _, h := range homes {
				dirs = append(dirs, h.file(ledgerDir))
			}
			if homes != nil {
				continue
			}
			dir, err := ledgerIn(arg)
			if err != nil {
				return err
			}
			dirs = append(dirs, dir)
		}
		if len(dirs) > 1 {
			return a.auditTree(cmd.Context(), dirs, false)
		}
		report, err := audit.Run(cmd.Context(), auditing(dirs[0], a.auditProgress()))
		a.endProgress()
		if errors.Is(err, audit.ErrSeveralChains) {
			return a.auditTree(cmd.Context(), dirs, false)
		}
		if err != nil {
			return auditFault(args[0], err)
		}
		if err := a.answer(report, func() { a.printReport(&report) }); err != nil {
			return err
		}
		if !report.OK() {
			return failed("audit_failed", "%s does not hold what it should (%s)", args[0], brokenChecks(report.Checks)).
				do("keep a copy of it, and fetch the chain anew from another node or a backup")
		}
		return nil
	})
	cmd.Long = `Re-execute every block that a data directory holds, from its genesis on, and compare all that is stored with it. No node
may be running on the directory. The exit code is 0 only if every check was made and found nothing.

A directory that began with a snapshot has no blocks before it: it is audited from there on, once its state is found to be that of a block to which
certificates lead from the genesis, and the output says so. Of several copies of a chain, what one lacks is looked up in another.

Where there are several chains, in one directory or in several, each is checked at its own head, and then what crosses between
them: that each relay was taken in once, in order and as it was sent, and that all chains hold, with what is under way, what
was issued. Copies that were not made at one time may not fit at their heads: then chains are looked at together up to earlier blocks, at which they
do, and the output says which ("cut"). The directory of a test network stands for those of all its nodes, whose copies of a chain must be the same.

A directory may hold a perfect chain of its own: compare network and head with those of another node.

With --genesis and without a directory all chains of a running network are audited: their blocks are fetched from --node and --via, up to one
consistent cut, verified one by one from the genesis on, and then checked like a directory. Nothing is believed but the genesis. Money may be
under way meanwhile. Each chain must be at one of these nodes.`
	cmd.Example = "  thinkey audit network\n  thinkey audit --genesis network/dev.json --node http://127.0.0.1:7070"
	cmd.Flags().StringVar(&o.genesis, "genesis", "", "file with the genesis of the running network, as JSON or encoded, or the dev.json of a development network")
	cmd.Flags().StringSliceVar(&o.via, "via", nil, "URL of a further node, for chains that --node doesn't run")
	cmd.Flags().StringVar(&o.keep, "keep", "", "directory to make for the copy of a running network, and to leave there")
	cmd.ValidArgsFunction = nil
	return cmd
}

func (a *app) newReplay() *cobra.Command {
	var data string
	cmd := a.command("replay HEIGHT|FILE", "Re-execute one block, stored or kept in a file, and compare", func(cmd *cobra.Command, args []string) error {
		if isThere(args[0]) {
			return a.tryBlock(cmd.Context(), data, args[0])
		}
		height, err := parseHeight(args[0])
		if err != nil {
			return usage("%q is no height, and no file", args[0]).
				do("write a height with --data DIR, or name a file of the folder faults of a validator's directory")
		}
		if data == "" {
			return usage("--data is missing").do("write: thinkey replay %d --data DIR", height)
		}
		if height == 0 {
			return usage("height (0) is the genesis, which nothing executed").do("write a height from 1")
		}
		dir, err := ledgerIn(data)
		if err != nil {
			return err
		}
		o := auditing(dir, nil)
		if o.Chain, err = a.numbered(); err != nil {
			return err
		}
		report, err := audit.Replay(cmd.Context(), o, height)
		if err != nil {
			return auditFault(data, err)
		}
		if err := a.answer(report, func() { a.printReplay(&report) }); err != nil {
			return err
		}
		if !report.OK() {
			return failed("replay_failed", "block %d does not follow from the state before it (%s)", height, brokenChecks(report.Checks)).
				do("check the whole directory with: thinkey audit %s", data)
		}
		return nil
	})
	cmd.Long = `Re-execute a stored block on the stored state before it, and compare state, receipts and roots with what the block says.
No node may be running on the directory.

A file holds a block that was proposed and that a validator didn't accept, with all of the state and the code that verifying it reads; a validator
keeps such files in the folder faults of its directory. It is verified again from the file alone, on any machine, and what was wrong is said
again: the account, the message, what was expected and what was found. With --data it is verified against the state of that directory
instead; where a state was too large for a file this is needed.`
	cmd.Flags().StringVar(&data, "data", "", "data directory of the network")
	return cmd
}

// tryBlock replays a block from a file.
func (a *app) tryBlock(ctx context.Context, data, file string) error {
	t, err := tried(ctx, data, file)
	if err != nil {
		return err
	}
	text := func() {
		a.print("block %d  %s\non %d  %s\n", t.Block.Height, t.Block.Hash, t.Parent.Height, t.Parent.Hash)
		if t.Valid {
			a.print("valid: %s replayed\n", count(t.Messages, "message"))
		}
	}
	if err := a.answer(t, text); err != nil {
		return err
	}
	if !t.Valid {
		return failed("replay_failed", "block %d does not follow from the state before it: %s", t.Block.Height, t.Why).
			do("its proposer is faulty, or something differs between machines: compare with the same command at another validator")
	}
	return nil
}

// tried verifies the block of a file: from what is recorded there, or against the state of a directory.
func tried(ctx context.Context, data, file string) (t audit.Trial, err error) {
	raw, err := readUpTo(file, int64(evidence.MaxRecordingBytes))
	switch {
	case errors.Is(err, errLong):
		return t, failed("bad_file", "%v for the file of a block", err).do("name one of the folder faults of a validator's directory")
	case err != nil:
		return t, failed("no_file", "FILE: %v", err).do("name one of the folder faults of a validator's directory")
	}
	k, err := evidence.DecodeRecording(raw)
	switch {
	case err == nil && data == "":
		t, err = audit.TryRecording(k, auditEngine)
		if err != nil {
			err = failed("bad_file", "%s: %v", file, err).do("copy it again from the validator that kept it")
		}
		return t, err
	case err == nil:
		raw = k.Raw
	case !errors.Is(err, evidence.ErrNoRecording):
		return t, failed("bad_file", "%s: %v", file, err).do("copy it again from the validator that kept it")
	case data == "":
		return t, usage("--data is missing: %s doesn't have the state before its block", file).do("write: thinkey replay %s --data DIR", file)
	}
	dir, err := ledgerIn(data)
	if err != nil {
		return t, err
	}
	if t, err = audit.Try(ctx, auditing(dir, nil), raw); err != nil {
		err = auditFault(data, err)
	}
	return t, err
}

// numbered is the chain of the settings by its number: no node tells what names mean in a directory. 0 if none is named.
func (a *app) numbered() (chain.ID, error) {
	text := a.settings.text("chain")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return 0, usage("--chain (%q)", text).do("write the chain's number, such as 2: a directory knows no names")
	}
	return chain.ID(n), nil
}

func auditing(dir string, progress func(audit.Progress)) audit.Options {
	return audit.Options{Dir: dir, Each: node.Parallel(runtime.GOMAXPROCS(0)), Engine: auditEngine, Progress: progress}
}

// ledgerIn is the directory of the ledger: that of a development network is inside of the one it was given.
func ledgerIn(dir string) (string, error) {
	if inner := filepath.Join(dir, ledgerDir); isDir(inner) {
		return inner, nil
	}
	if inner := filepath.Join(dir, validatorDir+"0"); isDir(inner) {
		return "", usage("%s holds a ledger for each validator", dir).do("name one, such as %s", inner)
	}
	if !isDir(dir) {
		return "", failed("no_data", "no data directory (%s)", dir).do("name the one given to: thinkey dev --data DIR")
	}
	return dir, nil
}

func isDir(path string) bool {
	stat, err := os.Stat(path)
	return err == nil && stat.IsDir()
}

func auditFault(dir string, err error) error {
	f := classify(err)
	switch {
	case errors.Is(err, audit.ErrSeveralChains):
		return f.do("name one by its number, such as --chain 2")
	case errors.Is(err, store.ErrInUse):
		return failed("in_use", "%s is in use by another process", dir).do("stop the process that uses it, then try again")
	case errors.Is(err, store.ErrPruned): // before what it wraps
		return f.do("replay a later block, or start the network with --keep-states 0 to keep all")
	case errors.Is(err, fs.ErrNotExist):
		return f.do("name the directory given to: thinkey dev --data DIR")
	case errors.Is(err, store.ErrNotFound):
		return f.do("see which heights there are with: thinkey audit %s", dir)
	}
	return f
}

// auditProgress shows where a long audit is, on a terminal.
func (a *app) auditProgress() func(audit.Progress) {
	if a.asJSON || a.quiet || !isTerminal(a.Err) {
		return nil
	}
	return func(p audit.Progress) {
		fmt.Fprintf(a.Err, "\r%s: block %d of %d, %s \x1b[K", p.Stage, p.Height, p.Head, count(int(p.Messages), "message"))
	}
}

// endProgress clears its line.
func (a *app) endProgress() {
	if !a.asJSON && !a.quiet && isTerminal(a.Err) {
		fmt.Fprint(a.Err, "\r\x1b[K")
	}
}

func (a *app) printReport(r *audit.Report) {
	t := table{}
	t.add("network", r.Network.String())
	t.add("chain", fmt.Sprint(r.Chain))
	t.add("head", fmt.Sprintf("height %d  %s", r.Height, r.Head))
	if r.Base > 0 {
		t.add("from", fromWords(r))
	}
	t.add("replayed", fmt.Sprintf("%s, %s, in %s", count(int(r.Blocks), "block"), count(int(r.Messages), "message"), r.Took.Round(time.Millisecond)))
	t.add("issued", r.Issued.String())
	for _, id := range r.Forked {
		t.add("FORKED", forkedWords(id))
	}
	if !a.quiet {
		a.print("%s\n", t.String())
	}
	a.printChecks(r.Checks)
}

// fromWords say from where on a chain was audited that has not all blocks.
func fromWords(r *audit.Report) string {
	text := fmt.Sprintf("height %d: it began with a snapshot of ", r.From)
	if r.From == r.Base {
		return text + "it"
	}
	return text + fmt.Sprintf("%d, and earlier states are not kept", r.Base)
}

// forkedWords say what an audit found of a child.
func forkedWords(id chain.ID) string {
	return fmt.Sprintf("chain %d: its committee certified two blocks of one height; those that are recorded count", id)
}

func (a *app) printReplay(r *audit.ReplayReport) {
	if !a.quiet {
		t := table{}
		t.add("block", fmt.Sprintf("%d  %s", r.Block.Height, r.Block.Hash))
		t.add("on", fmt.Sprintf("%d  %s", r.Parent.Height, r.Parent.Hash))
		t.add("state root", r.Block.State.String())
		t.add("replayed", count(int(r.Messages), "message"))
		a.print("%s\n", t.String())
	}
	a.printChecks(r.Checks)
}

// printChecks prints a line per check, with its witnesses below.
func (a *app) printChecks(checks []audit.Check) {
	t := table{}
	for _, c := range checks {
		t.add(resultWord(c.Result), c.Invariant, c.Name, c.Asks)
	}
	lines := t.lines()
	for i, c := range checks {
		if a.quiet && c.Result == audit.OK {
			continue
		}
		a.print("%s\n", lines[i])
		for _, f := range c.Findings {
			a.print("        %s\n", findingLine(f))
		}
		if c.More > 0 {
			a.print("        and %d more\n", c.More)
		}
		if c.Result == audit.Skipped {
			a.print("        not checked: %s\n", c.Skipped)
		}
	}
}

func resultWord(r audit.Result) string {
	switch r {
	case audit.OK:
		return "ok"
	case audit.Failed:
		return "FAILED"
	}
	return "SKIPPED"
}

func findingLine(f audit.Finding) string {
	if f.Height == 0 {
		return f.Words
	}
	return fmt.Sprintf("block %d: %s", f.Height, f.Words)
}

// brokenChecks names what is not ok.
func brokenChecks(checks []audit.Check) string {
	text := ""
	for _, c := range checks {
		if c.Result == audit.Failed {
			if text != "" {
				text += ", "
			}
			text += c.Name
		}
	}
	if text == "" {
		return "some checks could not be made"
	}
	return "failed: " + text
}
