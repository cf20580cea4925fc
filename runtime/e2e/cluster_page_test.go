package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const clusterPage = "../docs/RUN_A_CLUSTER.md"

// Who runs a cluster as the page says comes to its end. No command of the page is left out: each block of them is run, and each that a
// sentence names is in one.
func TestRunACluster(t *testing.T) {
	if !*operates {
		t.Skip("make cluster runs it")
	}
	text, err := os.ReadFile(clusterPage)
	if err != nil {
		t.Fatal(err)
	}
	run := ""
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		if m[2] == "sh" && m[1] != "run" && m[1] != "fails" {
			t.Errorf("commands that nobody runs:\n%s", m[3])
		}
		if m[1] == "run" || m[1] == "fails" {
			run += m[3]
		}
	}
	for _, m := range regexp.MustCompile("`(thinkey [a-z][^`]*)`").FindAllStringSubmatch(string(text), -1) {
		name := strings.TrimSuffix(strings.Join(strings.Fields(strings.SplitN(m[1], " --", 2)[0]), " "), " ")
		if !strings.Contains(run, name) {
			t.Errorf("the page names %q, and never runs it", m[1])
		}
	}
	r := newReader(t)
	t.Cleanup(func() {
		homes, _ := filepath.Glob(filepath.Join(r.home, "*", "ready.json")) // of a pattern that is one
		for _, ready := range homes {
			stop := exec.Command(filepath.Join(bin, "thinkey"), "node", "stop", "--home", filepath.Dir(ready))
			if out, err := stop.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		}
	})
	for _, s := range steps(t, clusterPage) {
		r.follow(s)
		if t.Failed() {
			return
		}
	}
}
