package cli

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/keys/keyfile"
)

func (a *app) newKey() *cobra.Command {
	cmd := a.group("key", "Make and keep keys in encrypted files", "")
	cmd.AddCommand(a.newKeyNew(), a.newKeyList(), a.newKeyShow(), a.newKeyImport(), a.newKeyExport())
	return cmd
}

// password says where a command gets a password from (U4).
type password struct {
	cmd  *cobra.Command // that asks
	file string
	fd   int
}

func (p *password) flags(cmd *cobra.Command) {
	p.cmd = cmd
	cmd.Flags().StringVar(&p.file, "password-file", "", "file whose first line is the password")
	cmd.Flags().IntVar(&p.fd, "password-fd", -1, "open file descriptor to read the password from")
}

// read asks for the password of an existing key.
func (p *password) read(prompt string) ([]byte, error) {
	return p.from(keyfile.Terminal(p.cmd.Context()), prompt)
}

// choose asks for a password that is set: twice, if it is typed.
func (p *password) choose(prompt string) ([]byte, error) {
	return p.from(keyfile.Twice(keyfile.Terminal(p.cmd.Context())), prompt)
}

func (p *password) from(typed func(string) ([]byte, error), prompt string) ([]byte, error) {
	word, err := keyfile.ReadPassword(keyfile.PasswordSource{File: p.file, FD: p.fd, Prompt: typed}, prompt)
	var path *fs.PathError
	if p.file != "" && errors.As(err, &path) {
		return nil, failed("no_file", "%v", err).do("name a file that can be read; its first line is the password")
	}
	return word, err
}

// keyEntry is a key as it is shown: nothing of it is secret.
type keyEntry struct {
	Name    string        `json:"name"`
	Address chain.Address `json:"address"` // on the chain of the setting, else on the main one
	Public  string        `json:"public"`
	Path    string        `json:"path"`
}

func (a *app) entry(name string, public keys.PublicKey) (keyEntry, error) {
	path := filepath.Join(a.settings.keyDir(), name+".json")
	on, text := chain.Main, a.settings.text("chain")
	if text != "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil || n == 0 {
			return keyEntry{}, usage("--chain (%q) of a key", text).do("write the chain's number: no node is asked")
		}
		on = chain.ID(n)
	}
	return keyEntry{name, chain.KeyAddress(on, public), public.String(), path}, nil
}

// show prints one key; only its address when quiet.
func (a *app) show(e keyEntry, err error) error {
	if err != nil {
		return err
	}
	return a.answer(e, func() {
		if a.quiet {
			a.print("%s\n", e.Address)
			return
		}
		t := table{}
		t.add("name", e.Name)
		t.add("address", e.Address.String())
		t.add("public key", e.Public)
		t.add("file", e.Path)
		a.print("%s", t.String())
	})
}

func (a *app) newKeyNew() *cobra.Command {
	var from password
	cmd := a.command("new NAME", "Make a key and keep it encrypted", func(_ *cobra.Command, args []string) error {
		key, err := keyfile.Generate()
		if err != nil {
			return err
		}
		return a.keep(args[0], key, &from)
	})
	from.flags(cmd)
	return cmd
}

// keep writes a new key file.
func (a *app) keep(name string, key keys.PrivateKey, from *password) error {
	if err := a.free(name); err != nil {
		return err
	}
	word, err := from.choose("Password for the new key " + name + ": ")
	if err != nil {
		return err
	}
	if err := keyfile.Create(a.settings.keyDir(), name, key, word); err != nil {
		return err
	}
	return a.show(a.entry(name, key.Public()))
}

// free refuses a name that is taken, before anybody types a password.
func (a *app) free(name string) error {
	if _, err := keyfile.Find(a.settings.keyDir(), name); err == nil {
		return failed("key_exists", "key (%s) exists already and is never overwritten", name).do("choose another name")
	}
	return nil // what else is wrong is told when the file is written
}

func (a *app) newKeyList() *cobra.Command {
	return a.command("list", "List the keys", func(*cobra.Command, []string) error {
		entries, faults := keyfile.List(a.settings.keyDir())
		t := table{}
		for _, e := range entries {
			shown, err := a.entry(e.Name, e.Public)
			if err != nil {
				return err
			}
			if a.asJSON {
				if err := a.object(shown); err != nil {
					return err
				}
				continue
			}
			t.add(shown.Name, shown.Address.String())
		}
		a.print("%s", t.String())
		if len(entries) == 0 && faults == nil {
			a.say("no keys in %s; make one with: thinkey key new NAME\n", a.settings.keyDir())
		}
		return faults
	})
}

func (a *app) newKeyShow() *cobra.Command {
	cmd := a.command("show NAME", "Print a key's address and public key", func(_ *cobra.Command, args []string) error {
		e, err := a.findKey(args[0])
		if err != nil {
			return err
		}
		return a.show(a.entry(e.Name, e.Public))
	})
	cmd.ValidArgsFunction = a.completeKeys
	return cmd
}

// findKey is the key file of that name, without its secret.
func (a *app) findKey(name string) (keyfile.Entry, error) {
	e, err := keyfile.Find(a.settings.keyDir(), name)
	if errors.Is(err, keyfile.ErrNotFound) {
		return e, failed("key_not_found", "no key (%s) in %s", name, a.settings.keyDir()).do("list the keys with: thinkey key list")
	}
	return e, err
}

func (a *app) newKeyImport() *cobra.Command {
	var from password
	var name, seedFile string
	cmd := a.command("import [FILE]", "Take in a key that was exported, or a seed", func(_ *cobra.Command, args []string) error {
		if (len(args) == 1) == (seedFile != "") {
			return usage("one source is needed").do("write: thinkey key import FILE, or: thinkey key import --seed-file FILE --name NAME")
		}
		if seedFile != "" {
			return a.importSeed(seedFile, name, &from)
		}
		return a.importFile(args[0], name, &from)
	})
	cmd.Long = `Take in a key file that "thinkey key export" wrote, under its own name or the one in --name; it keeps its password. Or
take in a seed of 64 hexadecimal digits from a file that only you can read.`
	cmd.Flags().StringVar(&name, "name", "", "name to keep it under")
	cmd.Flags().StringVar(&seedFile, "seed-file", "", "file that holds the seed")
	cmd.ValidArgsFunction = nil
	from.flags(cmd)
	return cmd
}

func (a *app) importFile(path, name string, from *password) error {
	if _, err := os.Stat(path); err != nil {
		return failed("no_file", "%v", err).do("name a file that thinkey key export wrote")
	}
	word, err := from.read("Password of the key in " + path + ": ")
	if err != nil {
		return err
	}
	e, key, err := keyfile.Read(path, word)
	if err != nil {
		return err
	}
	if name == "" {
		name = e.Name
	}
	err = keyfile.Create(a.settings.keyDir(), name, key, word)
	if errors.Is(err, keyfile.ErrExists) {
		return failed("key_exists", "%v", err).do("keep it under another name with --name NAME")
	}
	if err != nil {
		return err
	}
	return a.show(a.entry(name, key.Public()))
}

func (a *app) importSeed(path, name string, from *password) error {
	if name == "" {
		return usage("--name is missing").do("write: thinkey key import --seed-file %s --name NAME", path)
	}
	stat, err := os.Stat(path)
	if err != nil {
		return failed("no_file", "%v", err).do("name a file that can be read")
	}
	if stat.Mode().Perm()&0o077 != 0 {
		return failed("permissions", "seed file %s can be read by others (%#o)", path, stat.Mode().Perm()).do("run: chmod 600 %s", path)
	}
	content, err := readInput(nil, path, 1024)
	if err != nil {
		return err
	}
	var seed [32]byte
	text := trimLine(content)
	if n, err := hex.Decode(seed[:], text[:min(len(text), 64)]); err != nil || n != 32 || len(text) != 64 {
		return failed("bad_seed", "seed file %s does not hold a seed", path).do("it must be 64 hexadecimal digits") // U4: never the text
	}
	return a.keep(name, keys.FromSeed(seed), from)
}

func (a *app) newKeyExport() *cobra.Command {
	var from password
	cmd := a.command("export NAME FILE", "Write a key, still encrypted, to a file that can be carried elsewhere", func(_ *cobra.Command, args []string) error {
		if _, err := a.findKey(args[0]); err != nil {
			return err
		}
		word, err := from.read("Password of the key " + args[0] + ": ")
		if err != nil {
			return err
		}
		key, err := keyfile.Open(a.settings.keyDir(), args[0], word)
		if err != nil {
			return err
		}
		if err := keyfile.Write(args[1], args[0], key, word); err != nil {
			return err
		}
		e, err := a.entry(args[0], key.Public())
		e.Path = args[1]
		return a.show(e, err)
	})
	cmd.ValidArgsFunction = a.completeKeys
	from.flags(cmd)
	return cmd
}

// completeKeys offers the names of the keys to the shell.
func (a *app) completeKeys(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 || a.prepare(cmd, nil) != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	entries, _ := keyfile.List(a.settings.keyDir()) // what can't be read is not offered
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// trimLine is the first line without its end.
func trimLine(b []byte) []byte {
	for i, c := range b {
		if c == '\n' || c == '\r' {
			return b[:i]
		}
	}
	return b
}
