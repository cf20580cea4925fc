package cli

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/store"
)

const (
	// restoredFile is there from a restore until the chains of the directory have begun (marks): what the node signed since the backup is not known.
	restoredFile = "restored"
	// backupSums is the last entry of a backup: the names of all others with the SHA-256 of each. Without it a backup is cut off.
	backupSums = "sums.json"
	// maxBackupSums bounds the entry.
	maxBackupSums = 64 << 20
)

// backupFiles are what a backup has beside the ledger. What says that a node never ran isn't among them: it may have run since.
var backupFiles = []string{nodeKeyName + ".json", nodeConfigFile, nodeCardFile, genesisFile, knownFile, movedFile}

func (a *app) newNodeBackup() *cobra.Command {
	home := ""
	cmd := a.command("backup FILE", "Write a backup of a node that is stopped", func(_ *cobra.Command, args []string) error {
		h := nodeHome(home)
		c, err := readNodeConfig(h, a.Environ, nil)
		if err != nil {
			return err
		}
		if isThere(args[0]) {
			return failed("file_exists", "%s is there already", args[0]).do("name another file")
		}
		files, err := backUp(h, args[0])
		if err != nil {
			return errors.Join(err, removeIfThere(args[0]))
		}
		left := c.leftOut(h)
		return a.answer(map[string]any{"file": args[0], "files": files, "left_out": left}, func() {
			a.say("%s in %s\n", count(files, "file"), args[0])
			for _, path := range left {
				a.say("not in it, as it lies elsewhere: %s; keep a copy\n", path)
			}
		})
	})
	cmd.Long = `Write the key, encrypted as it is, the configuration, the genesis and the ledger of a node into one file, a tar archive. The node must be stopped: its
directory changes while it runs. Passwords are not in it, nor the keys of gossip; a genesis that node.toml names elsewhere is not either, and the output says so.`
	homeFlag(cmd, &home)
	return cmd
}

// leftOut are files that the node needs to start, and that a backup doesn't take: those that the configuration looks for elsewhere.
func (c *nodeConfig) leftOut(h nodeHome) []string {
	list := []string{}
	for _, name := range []string{c.Genesis, c.GossipKeyFile} {
		taken := slices.ContainsFunc(backupFiles, func(f string) bool {
			a, errA := filepath.Abs(h.at(name))
			b, errB := filepath.Abs(h.file(f))
			return errA == nil && errB == nil && a == b
		})
		if name != "" && !taken {
			list = append(list, h.at(name))
		}
	}
	return list
}

// backUp writes the archive, and returns how many files are in it.
func backUp(h nodeHome, to string) (n int, err error) {
	if isThere(h.file(ledgerDir)) {
		held, err := store.OpenRaw(store.Options{Dir: h.file(ledgerDir)}) // nobody else writes meanwhile
		if errors.Is(err, store.ErrInUse) {
			return 0, failed("in_use", "the node of %s runs", h).do("stop it first: thinkey node stop --home %s", h)
		}
		if err != nil {
			return 0, failed("bad_ledger", "%s: %v", h.file(ledgerDir), err).do("a backup of it would be worth nothing: let the node get the chain from the others")
		}
		defer func() { err = errors.Join(err, held.Close()) }()
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return 0, failed("no_file", "%v", err).do("name a file in a directory that you can write to")
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	buffered := bufio.NewWriterSize(out, 1<<20)
	w := tar.NewWriter(buffered)
	sums := map[string]string{}
	for _, name := range backupFiles {
		if isThere(h.file(name)) {
			if err := addToBackup(w, h, name, sums); err != nil {
				return 0, err
			}
		}
	}
	err = filepath.WalkDir(h.file(ledgerDir), func(at string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(string(h), at)
		if err != nil {
			return err
		}
		return addToBackup(w, h, filepath.ToSlash(name), sums)
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	text, err := json.Marshal(sums)
	if err == nil {
		err = w.WriteHeader(&tar.Header{Name: backupSums, Mode: 0o600, Size: int64(len(text)), Typeflag: tar.TypeReg})
	}
	if err == nil {
		_, err = w.Write(text)
	}
	return len(sums), errors.Join(err, w.Close(), buffered.Flush(), out.Sync())
}

// addToBackup adds a file, by its path from the home.
func addToBackup(w *tar.Writer, h nodeHome, name string, sums map[string]string) error {
	f, err := os.Open(h.file(filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	about, err := f.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: about.Size(), ModTime: about.ModTime().Round(time.Second), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	sums[name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

func (a *app) newNodeRestore() *cobra.Command {
	home := ""
	cmd := a.command("restore FILE", "Make the directory of a node from a backup", func(_ *cobra.Command, args []string) error {
		h := nodeHome(home)
		if isThere(home) {
			return failed("dir_exists", "--home: %s is there already", home).do("move it away: a backup is older than what it holds")
		}
		part := nodeHome(home + ".part")
		if err := os.RemoveAll(string(part)); err != nil {
			return err
		}
		err := restore(args[0], part)
		if err == nil {
			err = writeWhole(part.file(restoredFile), nil)
		}
		if err == nil {
			err = os.Rename(string(part), home)
		}
		if err != nil {
			return errors.Join(err, os.RemoveAll(string(part)))
		}
		return a.answer(map[string]any{"home": home}, func() {
			a.say("%s is restored; at its next start the node signs nothing until that is safe: thinkey node start --home %s\n", h, h)
		})
	})
	cmd.Long = `Make the directory of a node from what thinkey node backup wrote. The backup is checked: it must be whole.

What the node signed since the backup is not known. Its next start is as one with --restored: it votes when it can't contradict that any more.
Make sure that no other copy of the node runs.`
	homeFlag(cmd, &home)
	return cmd
}

// restore unpacks a backup, and holds it to its sums.
func restore(from string, h nodeHome) error {
	in, err := os.Open(from)
	if err != nil {
		return failed("no_file", "%v", err).do("name a file that thinkey node backup wrote")
	}
	defer func() { _ = in.Close() }()
	bad := func(format string, args ...any) error {
		return failed("bad_backup", "%s: %s", from, fmt.Sprintf(format, args...)).do("take another backup")
	}
	r, got := tar.NewReader(bufio.NewReaderSize(in, 1<<20)), map[string]string{}
	for {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return bad("it is cut off")
		}
		if err != nil {
			return bad("%v", err)
		}
		if head.Name == backupSums {
			var sums map[string]string
			if err := json.NewDecoder(io.LimitReader(r, maxBackupSums)).Decode(&sums); err != nil {
				return bad("%s: %v", backupSums, err)
			}
			for _, name := range backupFiles[:2] {
				if sums[name] == "" {
					return bad("%s is not in it", name)
				}
			}
			if len(sums) != len(got) {
				return bad("it has %d files, and should have %d", len(got), len(sums))
			}
			for name, sum := range sums {
				if got[name] != sum {
					return bad("%s is not as it was written", name)
				}
			}
			return nil
		}
		if head.Typeflag != tar.TypeReg || !isBackupName(head.Name) || got[head.Name] != "" {
			return bad("%q is nothing that a backup has", head.Name)
		}
		if got[head.Name], err = unpack(r, h.file(filepath.FromSlash(head.Name))); err != nil {
			return bad("%s: %v", head.Name, err)
		}
	}
}

// isBackupName says whether a file of that name may be written into a home: nothing outside of it.
func isBackupName(name string) bool {
	return slices.Contains(backupFiles, name) ||
		strings.HasPrefix(name, ledgerDir+"/") && path.Clean(name) == name && filepath.IsLocal(filepath.FromSlash(name))
}

// unpack writes a file for good, and returns its sum.
func unpack(from io.Reader, to string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, sum), from)
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, f.Sync(), f.Close())
}
