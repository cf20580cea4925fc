package sim

import (
	"encoding/json"
	"flag"
	"os/exec"
	"path/filepath"
	"testing"
)

var buildsFlag = flag.Bool("builds", false, "build the program once more, otherwise, and compare histories: a minute")

// Y1 across builds: a program whose own code the compiler has not optimised makes the same histories as this one.
func TestTwoBuilds(t *testing.T) {
	if !*buildsFlag {
		t.Skip("make same")
	}
	binary := filepath.Join(t.TempDir(), "thinkey")
	build := exec.CommandContext(t.Context(), "go", "build", "-gcflags="+modulePath+"...=-N -l", "-o", binary, "./runtime/cmd/thinkey")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, tier := range []Tier{Stub, Store} {
		here, err := Campaign{First: 1, Seeds: 10, Options: Options{Tier: tier, Messages: -1}}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), binary, "sim", "run", "--seed", "1", "--seeds", "10", "--cpu", "0", "--tier", string(tier), "--json").Output()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var there Report
		if err := json.Unmarshal(out, &there); err != nil {
			t.Fatal(err)
		}
		if here.Seeds != 10 || there.Seeds != 10 || there.History != here.History {
			t.Errorf("%s: %d seeds, %s here and %d seeds, %s in another build", tier, here.Seeds, here.History, there.Seeds, there.History)
		}
		t.Logf("%s: %s in both", tier, here.History)
	}
}
