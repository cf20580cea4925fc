package sim

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	plantFlag = flag.Bool("plant", false, "build every mutant, and find out what kills it: an hour")
	eachFlag  = flag.Duration("each", time.Minute, "CPU time in which the simulator must find a mutant")
	ruleFlag  = flag.String("rule", "", "plant the mutants of this rule alone")
)

// root is the repository's directory, from here.
const root = "../.."

// rulesOfCore are the numbered rules of package bft.
var rulesOfCore = []string{"R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "V1", "V2", "V3"}

// planted is the file with the bug.
func (m *mutant) planted(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(src), m.old); n != 1 {
		t.Errorf("%s (%s): %q stands %d times in %s; the mutant must follow the code", m.what, m.rule, m.old, n, m.file)
	}
	return strings.Replace(string(src), m.old, m.new, 1)
}

// Every mutant still fits the code, and every rule of the core has one.
func TestMutantsFit(t *testing.T) {
	for i := range mutants {
		mutants[i].planted(t)
	}
	for _, rule := range rulesOfCore {
		if !slices.ContainsFunc(mutants, func(m mutant) bool { return m.rule == rule }) {
			t.Errorf("rule %s has no mutant", rule)
		}
	}
}

// make mutants: the unit tests of the core or the simulator find every planted bug, and ten of them the simulator alone.
func TestMutants(t *testing.T) {
	if !*plantFlag {
		t.Skip("make mutants")
	}
	alone := 0
	for i := range mutants {
		m := &mutants[i]
		if *ruleFlag != "" && m.rule != *ruleFlag {
			continue
		}
		overlay := m.overlay(t)
		unit := kill(t, "test", "-overlay", overlay, "-count=1", "./consensus/bft", "-skip", "^TestFaults$|^TestExplore")
		binary := filepath.Join(t.TempDir(), "sim.test")
		if out, err := command(t, root, "go", "test", "-overlay", overlay, "-c", "-o", binary, "./runtime/sim").CombinedOutput(); err != nil {
			t.Errorf("%s doesn't build: %s", m.what, out)
			continue
		}
		seeds := killBy(command(t, ".", binary, "-test.run", "^TestFresh$", "-test.timeout=10m", "-fresh="+eachFlag.String()))
		t.Logf("%-12s %-62s unit tests: %-14s simulator: %s", m.rule, m.what, unit, seeds)
		if !unit.killed && !seeds.killed {
			t.Errorf("%s: %s survives", m.rule, m.what)
		}
		if !unit.killed && seeds.killed {
			alone++
		}
	}
	if *ruleFlag == "" && alone < 10 {
		t.Errorf("%d mutants die in the simulator alone", alone)
	}
}

// death is what became of a mutant.
type death struct {
	killed bool
	cpu    time.Duration
	why    string
}

func (d death) String() string {
	if !d.killed {
		return "survives"
	}
	return fmt.Sprintf("%.1f s %s", d.cpu.Seconds(), d.why)
}

func (m *mutant) overlay(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(dir, "planted.go")
	spec, err := json.Marshal(map[string]any{"Replace": map[string]string{file: changed}})
	if err == nil {
		err = os.WriteFile(changed, []byte(m.planted(t)), 0o600)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "overlay.json"), spec, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "overlay.json")
}

func command(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second) // a mutant may never end
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	return c
}

func kill(t *testing.T, args ...string) death {
	t.Helper()
	return killBy(command(t, root, "go", args...))
}

func killBy(c *exec.Cmd) death {
	out, err := c.CombinedOutput()
	d := death{killed: err != nil}
	if c.ProcessState != nil {
		d.cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	}
	for _, line := range strings.Split(string(out), "\n") {
		if _, why, ok := strings.Cut(line, "VIOLATION "); ok {
			d.why = why
		}
	}
	return d
}
