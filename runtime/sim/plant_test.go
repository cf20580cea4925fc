package sim

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	plantFlag   = flag.Bool("plant", false, "build every mutant, and find out what kills it: an hour")
	eachFlag    = flag.Duration("each", time.Minute, "CPU time in which the simulator must find a mutant")
	mutantFlag  = flag.String("mutant", "", "plant the mutants alone whose rule or name this regular expression matches")
	farFlag     = flag.Bool("far", true, "try the unit tests that take long, too, on what the simulator alone has found")
	resultsFlag = flag.String("results", "", "keep there what became of each mutant; those that it knows are not planted again")
)

// root is the repository's directory, from here.
const root = "../.."

// alone is how many mutants, at least, must pass all unit tests and die in the simulator.
const alone = 10

var (
	// rulesOfCore are the numbered rules of package bft.
	rulesOfCore = []string{"R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "V1", "V2", "V3"}
	// rulesOfSpec are those of SPEC 5; 5.4 is a mode that is not there.
	rulesOfSpec = []string{"5.1", "5.2", "5.3", "5.5", "5.6", "5.7", "5.8", "5.9", "5.10"}
)

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

// Every mutant still fits the code, and the docs say what finds it; every rule of the core and of SPEC 5 has one.
func TestMutantsFit(t *testing.T) {
	names := map[string]bool{}
	page, err := os.ReadFile(filepath.Join(root, "runtime/docs/TESTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range slices.Concat(mutants, crossings) {
		m.planted(t)
		if row := fmt.Sprintf("| %s | %s | %s |", m.rule, m.spec, m.what); !strings.Contains(string(page), row) {
			t.Errorf("runtime/docs/TESTING.md has no row %q", row)
		}
		if names[m.what] {
			t.Errorf("two mutants are called %q", m.what)
		}
		names[m.what] = true
	}
	for _, rule := range rulesOfCore {
		if !slices.ContainsFunc(mutants, func(m mutant) bool { return m.rule == rule }) {
			t.Errorf("rule %s has no mutant", rule)
		}
	}
	for _, rule := range rulesOfSpec {
		if !slices.ContainsFunc(mutants, func(m mutant) bool { return m.spec == rule }) {
			t.Errorf("SPEC %s has no mutant", rule)
		}
	}
}

// make mutants: unit tests or the simulator find every planted bug, and ten of them the simulator alone. Nothing finds what is
// no bug: the code as it is goes first.
func TestMutants(t *testing.T) {
	if !*plantFlag {
		t.Skip("make mutants")
	}
	wanted := regexp.MustCompile(*mutantFlag)
	known := readFates(t)
	var all []fate
	for _, m := range slices.Concat([]mutant{unchanged}, mutants, crossings) {
		if m.file != "" && !wanted.MatchString(m.rule+" "+m.what) {
			continue
		}
		f, ok := known[m.what]
		if !ok || f.Digest != m.digest() {
			f = plant(t, &m)
			keepFate(t, f)
		}
		if m.file != "" && *farFlag && f.Sim.Killed && !f.Unit.Killed && !f.Far {
			f = plantFar(t, &m, f)
			keepFate(t, f)
		}
		t.Log(f.line())
		if m.file == "" {
			if f.dead() {
				t.Fatal("the code as it is fails: that mutants die means nothing")
			}
			continue
		}
		all = append(all, f)
	}
	t.Log("\n" + table(all))
	judge(t, all)
}

// judge says what of it is not as it must be.
func judge(t *testing.T, all []fate) {
	t.Helper()
	byRun := 0
	for _, f := range all {
		if !f.dead() {
			t.Errorf("%s: %s survives", f.Rule, f.What)
		}
		if !f.Unit.Killed && f.Sim.Killed {
			byRun++
		}
	}
	if *mutantFlag == "" && byRun < alone {
		t.Errorf("%d mutants die in the simulator alone", byRun)
	}
}

// unchanged is the code as it is.
var unchanged = mutant{rule: "none", what: "the code as it is"}

// fate is what became of a mutant.
type fate struct {
	Rule, Spec, What string
	Digest           string // of the mutant: another one under this name is planted anew
	Unit             death  // the unit tests of packages that can tell
	Far              bool   // all of them
	Small            death  // the small simulator of the core (bft.TestFaults), if unit tests don't tell
	Sim              death
}

// death is how something was found, or how long it was looked for.
type death struct {
	Killed bool
	CPU    float64 // seconds, of the run without the build
	By     string  // the test, or the seed and what it violates
}

func (f *fate) dead() bool { return f.Unit.Killed || f.Sim.Killed }

func (f *fate) line() string {
	return fmt.Sprintf("%-5s %-72s unit tests: %s; simulator: %s", f.Rule, f.What, f.Unit, f.Sim)
}

func (d death) String() string {
	if !d.Killed {
		return fmt.Sprintf("%.1f s, survives", d.CPU)
	}
	return fmt.Sprintf("%.1f s, %s", d.CPU, d.By)
}

// table is what became of all, for the docs.
func table(all []fate) string {
	var b strings.Builder
	b.WriteString("| rule | SPEC | planted bug | found by unit tests | CPU s | by the simulator | CPU s |\n|---|---|---|---|---|---|---|\n")
	units, sims, only, far, both := 0, 0, 0, 0, 0
	for _, f := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", f.Rule, f.Spec, f.What, f.Unit.cells(), f.Sim.cells())
		if f.Unit.Killed {
			units++
		}
		if f.Sim.Killed {
			sims++
		}
		if f.Sim.Killed && !f.Unit.Killed {
			only++
			if f.Far {
				far++
			}
			if f.Far && !f.Small.Killed {
				both++
			}
		}
	}
	fmt.Fprintf(&b, "\n%d mutants: unit tests find %d, the simulator %d, the simulator alone %d. Of the last, %d were shown to all unit tests; of these the small simulator of the core doesn't find %d either.\n",
		len(all), units, sims, only, far, both)
	return b.String()
}

func (d death) cells() string {
	by := d.By
	if !d.Killed {
		by = "–"
	}
	return fmt.Sprintf("%s | %.1f", by, d.CPU)
}

// readFates are those of an earlier run that was interrupted.
func readFates(t *testing.T) map[string]fate {
	t.Helper()
	known := map[string]fate{}
	if *resultsFlag == "" {
		return known
	}
	raw, err := os.ReadFile(*resultsFlag)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(raw), "\n") {
		var f fate
		if json.Unmarshal([]byte(line), &f) == nil { // the last line may be cut
			known[f.What] = f
		}
	}
	return known
}

func keepFate(t *testing.T, f fate) {
	t.Helper()
	if *resultsFlag == "" {
		return
	}
	line, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(*resultsFlag, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = out.Write(append(line, '\n'))
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
}
