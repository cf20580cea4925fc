package e2e

import (
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	chaosPlant   = flag.Bool("chaos-plant", false, "run TestChaosFinds: builds with a bug each, which TestChaos must find")
	chaosProgram = flag.String("chaos-program", "", "the program whose nodes TestChaos runs (default: built from the sources)")
)

// plantedChaos are builds that TestChaos must fail with, and words of which one must be in what it says. Seed 1 has node 0 lie, which may.
var plantedChaos = []struct {
	name, file, old, new string
	only                 string // the one kind of harm that is done
	found                []string
}{
	{"commits are not synced", "runtime/store/failure.go", "s.db.ApplyNoSyncWait(batch, pebble.Sync)", "s.db.Apply(batch, pebble.NoSync)", "", []string{"doesn't start, and nothing was done to its files", "and is not"}},
	{"votes are not synced", "runtime/store/vote.go", "pebble.Sync", "pebble.NoSync", "one killed", []string{"has evidence"}},
	{"node 1 signs twice", "runtime/cli/node.go", `if o.faults.byzantine != "" {`,
		`if o.faults.byzantine == "" && string(h)[len(h)-1] == '1' { o.faults.byzantine = "equivocate" }; if o.faults.byzantine != "" {`, "", []string{"has evidence"}},
}

// TestChaosFinds builds the program with bugs, and lets TestChaos find each.
func TestChaosFinds(t *testing.T) {
	if !*chaosPlant {
		t.Skip("builds the program several times, and runs each for minutes: -chaos-plant")
	}
	for _, p := range plantedChaos {
		t.Run(p.name, func(t *testing.T) {
			program := planted(t, p.file, p.old, p.new)
			began := time.Now()
			args := []string{"-test.run", "^TestChaos$", "-test.v", "-chaos", chaosFor.String(), "-chaos-seed", "1", "-chaos-program", program, "-chaos-fault", cmp.Or(*chaosFault, p.only)}
			out, err := exec.Command(os.Args[0], args...).CombinedOutput()
			if err == nil {
				t.Fatalf("it isn't found in %s\n%s", time.Since(began), out)
			}
			for _, words := range p.found {
				if i := strings.Index(string(out), words); i >= 0 {
					t.Logf("found after %s: %s", time.Since(began).Round(time.Second), out[max(0, i-200):min(len(out), i+300)])
					return
				}
			}
			t.Errorf("it is found, but not for what it is:\n%s", out)
		})
	}
}

// TestChaosPlantsFit: what is replaced stands in the sources as they are now.
func TestChaosPlantsFit(t *testing.T) {
	for _, p := range plantedChaos {
		changedSource(t, p.file, p.old, p.new)
	}
}

// planted builds the program with new words in place of old ones, which stand once in a file of its source.
func planted(t *testing.T, path, before, after string) string {
	file, src := changedSource(t, path, before, after)
	dir := t.TempDir()
	changed, list, program := filepath.Join(dir, "changed"), filepath.Join(dir, "overlay"), filepath.Join(dir, "thinkey")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err == nil {
		err = os.WriteFile(changed, []byte(src), 0o600)
	}
	if err == nil {
		err = os.WriteFile(list, overlay, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-overlay", list, "-o", program, "./runtime/cmd/thinkey")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// changedSource is where a file of the source is, and what is in it then.
func changedSource(t *testing.T, path, before, after string) (file, src string) {
	file, err := filepath.Abs(filepath.Join("..", "..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(raw), before); n != 1 {
		t.Fatalf("%q stands %d times in %s", before, n, path)
	}
	return file, strings.Replace(string(raw), before, after, 1)
}
