package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/thinkey/thinkey/runtime/store"
)

func devOf(t *testing.T, data string, accounts ...string) (*devOptions, *devNetwork) {
	t.Helper()
	o := &devOptions{data: data, accounts: accounts}
	d, err := o.network("test")
	if err != nil {
		t.Fatal(err)
	}
	return o, d
}

// A stored network goes on as it was: flags that agree or are left out start it, others are refused with both values.
func TestDevStored(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	o, first := devOf(t, dir, "alice=20", "bob=5")
	made, err := o.prepare(first, nil)
	if err != nil || made.genesis().Network() != first.genesis().Network() {
		t.Fatal(err)
	}
	again, asked := devOf(t, dir)
	stored, err := again.prepare(asked, nil)
	if err != nil || stored.genesis().Network() != first.genesis().Network() {
		t.Fatalf("%v: a stored network is another one when it is started again", err)
	}
	same, asked := devOf(t, dir, "bob=5", "alice=20")
	if _, err := same.prepare(asked, []string{"account", "seed", "gas-price", "deposit"}); err != nil {
		t.Errorf("the same accounts in another order: %v", err)
	}
	for flag, change := range map[string]func(*devNetwork){
		"account":   func(d *devNetwork) { d.Accounts = d.Accounts[:1] },
		"seed":      func(d *devNetwork) { d.Seed = "other" },
		"gas-price": func(d *devNetwork) { d.GasPrice = 7 },
		"deposit":   func(d *devNetwork) { d.Deposit = 7 },
	} {
		o, asked := devOf(t, dir, "alice=20", "bob=5")
		change(asked)
		if _, err := o.prepare(asked, nil); err != nil {
			t.Errorf("--%s was not given: %v", flag, err)
		}
		_, err := o.prepare(asked, []string{flag})
		if err == nil || classify(err).exit != exitUsage || !strings.Contains(err.Error(), "--"+flag) || !strings.Contains(err.Error(), "--reset") {
			t.Errorf("--%s: %v", flag, err)
		}
	}
}

// Whatever was there when a start or a reset was cut off, the next start finds a network or makes one (U7).
func TestDevCutOff(t *testing.T) {
	dir := t.TempDir()
	o, d := devOf(t, dir, "alice=20")
	if err := os.Mkdir(filepath.Join(dir, oldPrefix+"x"), 0o755); err != nil { // a reset that did not get to delete
		t.Fatal(err)
	}
	write(t, dir, "."+devFile+"-123", "{", 0o600) // a start that did not get to rename
	if _, err := o.prepare(d, nil); err != nil {
		t.Fatal(err)
	}
	if old, _ := filepath.Glob(filepath.Join(dir, oldPrefix+"*")); len(old) > 0 {
		t.Errorf("%v is left", old)
	}
	if err := os.Remove(filepath.Join(dir, devFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(o.ledger(0), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := o.prepare(d, nil); err == nil || !strings.Contains(err.Error(), "--reset") {
		t.Errorf("a ledger without its network: %v", err)
	}
	o.reset = true
	if _, err := o.prepare(d, nil); err != nil {
		t.Errorf("reset: %v", err)
	}
	if isDir(o.ledger(0)) {
		t.Error("reset left the ledger")
	}
}

// A network in use is not deleted under the process that runs it.
func TestDevResetInUse(t *testing.T) {
	o, d := devOf(t, t.TempDir(), "alice=20")
	if _, err := o.prepare(d, nil); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Options{Dir: o.ledger(0)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	o.reset = true
	if _, err := o.prepare(d, nil); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("%v", err)
	}
	if !isDir(o.ledger(0)) {
		t.Error("the ledger is gone")
	}
}

// What others wrote into the file is told, not believed.
func TestDevBadFile(t *testing.T) {
	_, d := devOf(t, "", "alice=20")
	d.Accounts[0].Name = "bob"
	renamed, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "{}", `{"format":"thinkey-dev","version":2}`, `{"format":"thinkey-dev","version":1,"x":1}`, string(renamed)} {
		o, asked := devOf(t, t.TempDir(), "alice=20")
		write(t, o.data, devFile, content, 0o644)
		if _, err := o.prepare(asked, nil); err == nil || !strings.Contains(err.Error(), devFile) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

// The network id is that of the moment: what was signed for a network that is gone is worth nothing on the next.
func TestDevFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a := devOf(t, "")
		_, b := devOf(t, "")
		if a.genesis().Network() != b.genesis().Network() {
			t.Error("the same moment, another network")
		}
		b.TimeMillis++
		if a.genesis().Network() == b.genesis().Network() {
			t.Error("another moment, the same network")
		}
		if len(a.Accounts) != 10 || a.Accounts[0].Name != "alice" || a.Accounts[0].Balance.String() != "1000000" {
			t.Errorf("%v", a.Accounts)
		}
	})
}
