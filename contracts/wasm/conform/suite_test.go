package conform

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero/api"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// suiteRoot is the folder of wazero's copy of the WebAssembly core test suite: scripts as JSON beside their binaries.
var suiteRoot = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("find wazero's sources: %w: %s", err, out)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test", "spectest"), nil
})

// script is one file of the suite.
type script struct {
	name     string // "v1/f32"
	dir      string
	Commands []command `json:"commands"`
}

// command is one line of a script.
type command struct {
	Type       string   `json:"type"`
	Line       int      `json:"line"`
	Name       string   `json:"name"`        // of a module, to be named by actions
	Filename   string   `json:"filename"`    // of a binary
	As         string   `json:"as"`          // register: the name under which others import it
	ModuleType string   `json:"module_type"` // "binary" or "text"
	Text       string   `json:"text"`        // why it fails
	Action     action   `json:"action"`
	Expected   []scalar `json:"expected"`
}

// action is a call or the reading of a global.
type action struct {
	Type   string   `json:"type"`
	Module string   `json:"module"` // "" is the last one
	Field  string   `json:"field"`
	Args   []scalar `json:"args"`
}

// scalar is an argument or a result. Floats are given by their bits, or as a pattern of NaNs.
type scalar struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// bits is the value as wazero takes it; ok is false for what is no number (a pattern, a reference, a vector).
func (s scalar) bits() (bits uint64, ok bool) {
	text, isText := s.Value.(string)
	if !isText {
		return 0, false
	}
	size := 64
	if s.Type == "i32" || s.Type == "f32" {
		size = 32
	}
	if v, err := strconv.ParseUint(text, 10, size); err == nil {
		return v, true
	}
	v, err := strconv.ParseInt(text, 10, size)
	if size == 32 {
		v = int64(uint32(v))
	}
	return uint64(v), err == nil
}

// loadScripts reads the scripts of a version of the suite that keep says, in the order of their names.
func loadScripts(t testing.TB, version string) []*script {
	t.Helper()
	root, err := suiteRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, version, "testdata")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s (%v)", dir, err)
	}
	slices.Sort(files)
	var scripts []*script
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &script{name: version + "/" + strings.TrimSuffix(filepath.Base(file), ".json"), dir: dir}
		if err := json.Unmarshal(text, s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		scripts = append(scripts, s)
	}
	return scripts
}

// features are those under which a script makes sense: bulk memory moved the checks of segments, for which the first
// version of the suite looks, from instantiation's begin to its end.
func (s *script) features() api.CoreFeatures {
	if strings.HasPrefix(s.name, "v1/") {
		return firstFeatures
	}
	return features
}

// binary reads what a command names.
func (s *script) binary(t testing.TB, c command) []byte {
	t.Helper()
	code, err := os.ReadFile(filepath.Join(s.dir, c.Filename))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// exclusion is a part of the suite that isn't run, with the reason. Its counts are asserted: nothing is skipped silently.
type exclusion struct {
	script           string // or a pattern of scripts
	why              string
	modules, asserts int // skipped; a script that isn't opened counts its commands as asserts
}

const (
	vectors    = "vectors are no part of what may run"
	multiValue = "several results of a block or a function are no part of what may run"
	references = "references as values, and several tables, are no part of what may run"
	text       = "in the text format, of which nothing is read here"
)

// unopened are scripts of which no command is run, by pattern.
var unopened = []exclusion{
	{"v2/simd_*", vectors, 0, 0},
}

// unrun are the scripts with modules that Check refuses though the suite calls them valid; actions on them are skipped.
var unrun = []exclusion{
	{"v2/block", multiValue, 1, 52},
	{"v2/br", multiValue, 1, 76},
	{"v2/br_table", references, 1, 149},
	{"v2/call", multiValue, 1, 72},
	{"v2/call_indirect", multiValue, 2, 134},
	{"v2/elem", references, 4, 9},
	{"v2/exports", references, 1, 0},
	{"v2/fac", multiValue, 1, 7},
	{"v2/func", multiValue, 1, 89},
	{"v2/global", references, 1, 58},
	{"v2/if", multiValue, 1, 124},
	{"v2/imports", references, 28, 2},
	{"v2/linking", references, 4, 5},
	{"v2/loop", multiValue, 1, 77},
	{"v2/ref_func", references, 2, 10},
	{"v2/ref_is_null", references, 1, 13},
	{"v2/ref_null", references, 1, 2},
	{"v2/select", references, 2, 118},
	{"v2/table", references, 2, 0},
	{"v2/table_copy", references, 40, 1120},
	{"v2/table_fill", references, 1, 35},
	{"v2/table_get", references, 1, 10},
	{"v2/table_grow", references, 8, 41},
	{"v2/table_init", references, 27, 207},
	{"v2/table_set", references, 1, 18},
	{"v2/table_size", references, 1, 36},
	{"v2/type", multiValue, 1, 0},
	{"v2/unreached-valid", references, 2, 5},
}

// unread are the refusals in the text format, by version of the suite.
var unread = []exclusion{
	{"v1", text, 0, 430},
	{"v2", text, 0, 581},
}

// binaries are those of the suite that Check accepts, in every form, by path. Decoding and instrumenting is done once.
type binaries struct {
	mu   sync.Mutex
	code map[string][]byte // by form and path
	errs map[string]error
}

var suiteBinaries = binaries{code: map[string][]byte{}, errs: map[string]error{}}

// of returns the binary that a command names in a form; an error says why Check refuses it.
func (b *binaries) of(t testing.TB, s *script, c command, f form) ([]byte, error) {
	key := f.name + " " + s.name + " " + c.Filename
	b.mu.Lock()
	defer b.mu.Unlock()
	if code, ok := b.code[key]; ok {
		return code, b.errs[key]
	}
	m, facts, err := module.Check(s.binary(t, c), module.Any())
	var code []byte
	if err == nil {
		code, err = f.of(m, facts)
		if err != nil {
			t.Errorf("%s:%d: what Check accepts can't be instrumented: %v", s.name, c.Line, err)
		}
	}
	b.code[key], b.errs[key] = code, err
	return code, err
}

// TestSuite runs the core test suite in every form on both engines.
func TestSuite(t *testing.T) {
	scripts := slices.Concat(loadScripts(t, "v1"), loadScripts(t, "v2"))
	forms := []form{original, metered, marked}
	if testing.Short() {
		forms = forms[1:2]
	}
	for _, f := range forms {
		for _, e := range engines {
			t.Run(f.name+"/"+e.name, func(t *testing.T) {
				var all tally
				found := map[string]exclusion{}
				for _, s := range scripts {
					if unopenedFor(s.name) != "" {
						continue
					}
					done := performScript(t, s, f, e)
					all.add(done)
					if done.skippedModules+done.skippedAsserts > 0 {
						found[s.name] = exclusion{s.name, "", done.skippedModules, done.skippedAsserts}
					}
				}
				holdExclusions(t, found)
				t.Logf("%+v", all)
			})
		}
	}
}

// unopenedFor is the reason for which a script isn't opened, or "".
func unopenedFor(name string) string {
	for _, u := range unopened {
		if ok, _ := path.Match(u.script, name); ok {
			return u.why
		}
	}
	return ""
}

// holdExclusions compares what was skipped with the table.
func holdExclusions(t *testing.T, found map[string]exclusion) {
	t.Helper()
	for _, u := range unrun {
		got := found[u.script]
		delete(found, u.script)
		if got.modules != u.modules || got.asserts != u.asserts {
			t.Errorf("%s (%s): %d modules and %d asserts skipped; the table says %d and %d", u.script, u.why, got.modules, got.asserts, u.modules, u.asserts)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("%s: %d modules and %d asserts skipped, of which the table knows nothing", name, found[name].modules, found[name].asserts)
	}
}

// performScript runs one script; a failure names its line in the suite.
func performScript(t *testing.T, s *script, f form, e engine) tally {
	t.Helper()
	failures := 0
	p := &play{script: s, form: f, host: newHost(t, e, s.features())}
	p.binary = func(c command) ([]byte, error) { return suiteBinaries.of(t, s, c, f) }
	p.fail = func(c command, format string, args ...any) {
		if failures++; failures <= 5 {
			t.Errorf("%s:%d %s %s: %s", s.name, c.Line, c.Type, c.Action.Field, fmt.Sprintf(format, args...))
		}
	}
	p.perform(t)
	p.host.close()
	return p.tally
}

// TestRefusals holds Check against what the suite calls malformed or invalid.
func TestRefusals(t *testing.T) {
	refused := 0
	for _, version := range unread {
		skipped := 0
		for _, s := range loadScripts(t, version.script) {
			if unopenedFor(s.name) != "" {
				continue
			}
			for _, c := range s.Commands {
				if c.Type != "assert_malformed" && c.Type != "assert_invalid" {
					continue
				}
				if c.ModuleType == "text" {
					skipped++
					continue
				}
				refused++
				_, _, err := module.Check(s.binary(t, c), module.Any())
				if err == nil {
					t.Errorf("%s:%d: accepted; the suite says %q", s.name, c.Line, c.Text)
				}
			}
		}
		if skipped != version.asserts {
			t.Errorf("%s: %d refusals skipped (%s); the table says %d", version.script, skipped, version.why, version.asserts)
		}
	}
	t.Logf("%d refused", refused)
}
