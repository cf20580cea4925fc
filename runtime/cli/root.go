package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// root is the program with all its commands.
func (a *app) root() *cobra.Command {
	root := a.group("thinkey", "A ledger made of live actors", "")
	root.Long = `thinkey is a ledger in which every account is a live actor.

Start a local network and pay on it:

  thinkey dev
  thinkey transfer alice bob 10 --wait      (in a second terminal)
  thinkey trace ID                          (the id that transfer printed)

Run code in accounts of their own:

  thinkey new shop && cd shop && thinkey build
  thinkey deploy shop.wasm goal=10 --wait   (its address is printed)
  thinkey code show ADDRESS                 (its methods)
  thinkey call bob ADDRESS increase by=4 --wait
  thinkey query ADDRESS value

Exit codes: 0 ok, 1 failed, 2 usage, 3 node unreachable, 4 refused by the chain, 5 timed out.`
	root.Version = versionLine()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.DisableSuggestions = true // group names the nearest
	root.PersistentPreRunE = a.prepare
	root.SetFlagErrorFunc(flagFault)
	a.globalFlags(root)
	root.AddCommand(
		a.newDev(), a.newStatus(), a.newMine(),
		a.newNode(), a.newGenesis(), a.newTestnet(), a.newCluster(), a.newTop(),
		a.newAccount(), a.newTransfer(), a.newSend(), a.newTrace(), a.newBlock(), a.newChain(), a.newProof(), a.newCommittee(), a.newEvidence(),
		a.newPublish(), a.newDeploy(), a.newCall(), a.newQuery(), a.newCode(), a.newSetCode(), a.newEvents(),
		a.newNew(), a.newBuild(), a.newCheck(),
		a.newKey(), a.newConfig(),
		a.newOrder(), a.newReplay(), a.newAudit(), a.newSim(),
		a.newBench(), a.newDoctor(), a.newVersion(), a.newDocs(),
	)
	root.SetOut(a.Out) // completion takes it now
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		switch {
		case cmd.Name() == "help":
			cmd.Args = knownTopic
		case cmd.HasSubCommands() && !cmd.Runnable():
			asGroup(cmd)
		}
	}
	return root
}

// knownTopic refuses help on a command that isn't there: cobra would print that of the program and exit with 0.
func knownTopic(help *cobra.Command, words []string) error {
	cmd := help.Root()
	for _, word := range words {
		i := slices.IndexFunc(cmd.Commands(), func(c *cobra.Command) bool { return c.Name() == word })
		if i < 0 && !cmd.HasSubCommands() {
			return usage("%s has no commands (%q)", cmd.CommandPath(), word).do("write: thinkey help %s", strings.TrimPrefix(cmd.CommandPath(), "thinkey "))
		}
		if i < 0 {
			return unknownCommand(cmd, word)
		}
		cmd = cmd.Commands()[i]
	}
	return nil
}

func (a *app) globalFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.BoolVar(&a.asJSON, "json", false, "answer in JSON")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "answer in as few words as possible")
	flags.StringVar(&a.config, "config", "", "configuration file (default ~/.thinkey/config.toml)")
	flags.StringVar(&a.network, "network", "", "directory of a test network: talk to any node of it that answers, instead of --node")
	for _, k := range allSettings {
		if k.key != "seed" && k.key != "valid-for" { // of single commands
			flags.String(k.key, k.initial, k.what)
		}
	}
}

// settingFlag gives a command the flag of a setting.
func settingFlag(cmd *cobra.Command, key string) {
	for _, k := range allSettings {
		if k.key == key {
			cmd.Flags().String(k.key, k.initial, k.what)
		}
	}
}

// group is a command that only holds others.
func (a *app) group(use, short, example string) *cobra.Command {
	return asGroup(&cobra.Command{Use: use, Short: short, Example: example})
}

// asGroup makes a command show its help, and refuse a word that is none of the commands it holds.
func asGroup(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(cmd, args[0])
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// unknownCommand names the command that may have been meant.
func unknownCommand(cmd *cobra.Command, word string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	f := usage("unknown command (%q)", cmd.CommandPath()+" "+word)
	if instead := elsewhere[word]; instead != "" && !cmd.HasParent() {
		return f.do("write: %s", instead)
	}
	return f.do("%s", meant(cmd.CommandPath()+" ", word, names, "there are: "+strings.Join(names, ", ")))
}

// elsewhere are words of tools for other ledgers, with what they are here.
var elsewhere = map[string]string{
	"test": "go test ./... (in the project's directory; a Rust contract's: go -C test test ./...)", "start": "thinkey dev, or thinkey node start",
	"init": "thinkey new NAME", "create": "thinkey new NAME, or thinkey chain create NAME", "compile": "thinkey build", "balance": "thinkey account show NAME",
	"view": "thinkey query ACCOUNT METHOD", "tx": "thinkey trace ID", "wallet": "thinkey key list",
}

// flagFault is a mistake in a flag: the one that may have been meant, or that a number was taken for one.
func flagFault(cmd *cobra.Command, err error) error {
	f := usage("%v", err)
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return f.do("see: %s --help", cmd.CommandPath())
	}
	if letters := missing.GetSpecifiedShortnames(); letters != "" && letters[0] >= '0' && letters[0] <= '9' {
		return usage("%q is taken for a flag", "-"+letters).do("numbers are 0 or more here; what must begin with - goes behind -- (see: %s --help)", cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return f.do("%s", meant("--", missing.GetSpecifiedName(), names, "see: "+cmd.CommandPath()+" --help"))
}

// takes checks the arguments against their names: one in brackets may be missing, one that ends in dots may come often.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		form := strings.TrimSpace(cmd.CommandPath() + " " + strings.Join(names, " "))
		often := len(names) > 0 && strings.HasSuffix(names[len(names)-1], "...]")
		if len(args) > len(names) && !often {
			return usage("unexpected argument (%q)", args[len(names)]).do("write: %s", form)
		}
		if len(args) < len(names) && !strings.HasPrefix(names[len(args)], "[") {
			return usage("%s is missing", names[len(args)]).do("write: %s", form)
		}
		return nil
	}
}

// command is a leaf: the names of its arguments are those in use.
func (a *app) command(use, short string, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	words := strings.Fields(use)
	return &cobra.Command{
		Use: use, Short: short, Args: takes(words[1:]...), RunE: run, DisableFlagsInUseLine: false,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}

// parseHeight reads a block's height.
func parseHeight(s string) (uint64, error) {
	var n uint64
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil || fmt.Sprint(n) != s {
		return 0, usage("height (%q)", s).do("write a whole number such as 12, or latest where the command takes it")
	}
	return n, nil
}
