package sim

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/runtime/byzantine"
)

// deviated are seeds in which all deviations came to deviate once. They are tried before all others.
var deviated = []uint64{7525, 444, 8, 9, 13, 26, 31, 34, 35, 41, 42, 46, 51, 53, 67, 85, 110, 121, 123, 130, 138, 140, 142, 170, 193, 227, 248}

// Every deviation comes to deviate within some seeds: one that never does tries nothing. What is called a cycle is found to be one.
func TestDeviations(t *testing.T) {
	const seeds = 10_000
	left := map[string]string{} // by role: what must have happened
	for _, d := range byzantine.All {
		left[d.Name] = "byzantine: " + d.Name
	}
	left["cyclic-order"] = "invalid block: order, cycle"
	o := Options{Tier: Stub, Messages: -1, Chains: 1} // is enough, and takes a fraction of the time
	for n := uint64(0); n < seeds && len(left) > 0; n++ {
		seed := n + 1 - min(n, uint64(len(deviated)))
		if n < uint64(len(deviated)) {
			seed = deviated[n]
		}
		if !slices.ContainsFunc(Draw(seed, o).Roles, func(r Role) bool { return left[r.Name] != "" }) {
			continue
		}
		out, err := Run(seed, o)
		if err != nil || out.Violation != nil {
			t.Fatalf("seed %d: %+v, %v", seed, out, err)
		}
		for name, what := range left {
			if out.Census[what] > 0 {
				delete(left, name)
			}
		}
	}
	for name, what := range left {
		t.Errorf("%s: in %d seeds this never happened: %s", name, seeds, what)
	}
}

// A seed that fails is named, and shrunk: what is left out had no part in it. The timeline of what is left ends with the same.
func TestShrink(t *testing.T) {
	all := byzantine.All
	defer func() { byzantine.All = all }()
	byzantine.All = []*byzantine.Deviation{{Name: "planted", Sends: func(*byzantine.Member, bft.Send) []bft.Send { panic("a bug") }}}
	o := Options{Tier: Stub, Messages: -1}
	r, err := Campaign{First: 1, Seeds: 50, Options: o}.Run(t.Context())
	if err != nil || r.Violation == nil || r.Violations != 1 || r.FailingSeed == nil {
		t.Fatalf("nothing fails: %+v, %v", r, err)
	}
	small, err := Shrink(*r.FailingSeed, o, r.Violation)
	if err != nil {
		t.Fatal(err)
	}
	if p := Draw(*r.FailingSeed, small); len(p.Incident) > 0 || p.Messages > 0 || !slices.Equal(p.On, []Class{Byzantine}) {
		t.Errorf("what is left of it: %s", Command(*r.FailingSeed, small))
	}
	var b strings.Builder
	out, err := Timeline(&b, *r.FailingSeed, small)
	if err != nil || out.Violation == nil || out.Violation.Oracle != r.Violation.Oracle || !strings.Contains(b.String(), "VIOLATION of "+r.Violation.Oracle) {
		t.Errorf("%+v, %v:\n%s", out, err, b.String())
	}
}

// Scripts read a report by these names.
func TestReportNames(t *testing.T) {
	raw, err := json.Marshal(Report{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"seeds", "hours_per_cpu_hour", "blocks_per_cpu_hour", "faults_per_cpu_hour", "relays_per_cpu_hour", "violations", "history_hash"} {
		if !strings.Contains(string(raw), `"`+name+`":`) {
			t.Errorf("%s has no %s", raw, name)
		}
	}
}

// A panic that no node stands for is a violation, too: the campaign tells its seed, and shrinks it.
func TestPanicIsAViolation(t *testing.T) {
	s := &stage{whole: &Plan{Incident: []Incident{{}}}, worlds: []*World{{}}}
	s.running()
	if s.broken == nil || !strings.Contains(s.broken.What, "panic") {
		t.Errorf("it ends with %v", s.broken)
	}
}

// What options leave out isn't demanded of a hundred seeds; what seeds draw is.
func TestNarrowOptions(t *testing.T) {
	all := Options{Messages: -1}
	for _, o := range []Options{{Messages: -1, Nodes: 1}, {Messages: 0}, {Messages: -1, Chains: 1}, {Messages: -1, Without: []Class{Crash}}, {Messages: -1, Keep: []int{}}} {
		if !o.narrow() {
			t.Errorf("%+v is asked to show all", o)
		}
	}
	if all.narrow() {
		t.Error("nothing is demanded")
	}
}
