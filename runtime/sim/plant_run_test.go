package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	modulePath = "github.com/thinkey/thinkey/"
	// Bounds of a program with a bug in it, which may never end, or take all memory.
	mutantWall   = 6 * time.Minute
	mutantMemory = 8_000_000 // KiB of address space
	// How far builds and runs stand back for what else the machine does.
	builds, runs = 5, 10
)

var (
	// near are packages whose tests take seconds, and far those that start databases and nodes. The tests of the command line,
	// of the examples and of whole programs (runtime/e2e) are stories and no unit tests.
	near = []string{
		"./consensus/...", "./contracts/exec", "./contracts/native", "./actors/account", "./sdk/wire", "./sdk/merkle", "./sdk/keys", "./sdk/light", "./sdk/chain",
		"./runtime/keep", "./runtime/relay",
	}
	far = []string{"./actors/host", "./runtime/store", "./runtime/audit", "./runtime/ingress", "./runtime/api", "./runtime/node", "./sdk/kit"}

	failLine = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	seedLine = regexp.MustCompile(`sim replay (\d+)`)
)

// plant finds out what kills a mutant: first the unit tests, the nearest first, until one fails; then the simulator, until a
// seed fails.
func plant(t *testing.T, m *mutant) fate {
	t.Helper()
	p := &planting{m: m, dir: t.TempDir(), overlay: m.overlay(t)}
	f := fate{Rule: m.rule, Spec: m.spec, What: m.what, Digest: m.digest()}
	f.Unit = p.units(t, near, "90s")
	binary := p.build(t, "./runtime/sim")
	args := []string{"-test.run=^TestFresh$", "-fresh=" + eachFlag.String()}
	if m.betweenChains() {
		args = append(args, fmt.Sprintf("-chains=%d", MostChains-1))
	}
	f.Sim = p.run(t, binary, "runtime/sim", args...)
	if !f.Sim.Killed {
		f.Sim = f.Sim.then(p.run(t, binary, "runtime/sim", "-test.run=^Test(Kept|Store|SameSeedSameHistory)$"))
	}
	return f
}

// plantFar goes on where the simulator alone tells: with the unit tests that take long, and the small simulator of the core.
func plantFar(t *testing.T, m *mutant, f fate) fate {
	t.Helper()
	p := &planting{m: m, dir: t.TempDir(), overlay: m.overlay(t)}
	f.Far = true
	f.Unit = f.Unit.then(p.units(t, far, "5m"))
	if !f.Unit.Killed {
		f.Small = p.run(t, p.build(t, "./consensus/bft"), "consensus/bft", "-test.run=^TestFaults$")
	}
	return f
}

// then is this and what was tried after it.
func (d death) then(next death) death {
	next.CPU += d.CPU
	return next
}

// planting is a mutant that is looked for.
type planting struct {
	m            *mutant
	dir, overlay string
}

// units runs the tests of those of the packages that a mutant's package can affect.
func (p *planting) units(t *testing.T, patterns []string, bound string) (d death) {
	t.Helper()
	for _, pkg := range p.affected(t, patterns) {
		binary := p.build(t, "./"+pkg)
		if binary == "" {
			continue
		}
		d = d.then(p.run(t, binary, pkg, "-test.failfast", "-test.timeout="+bound, "-test.skip=^TestFaults$|^TestExplore"))
		if d.Killed {
			break
		}
	}
	return d
}

// affected are the packages of the patterns whose tests contain the mutant's package, its own first.
func (p *planting) affected(t *testing.T, patterns []string) []string {
	t.Helper()
	own := path.Dir(p.m.file)
	var list []string
	for _, line := range p.tested(t, patterns) {
		words := strings.Fields(line)
		pkg := strings.TrimSuffix(strings.TrimPrefix(words[0], modulePath), ".test")
		if pkg == own {
			list = slices.Insert(list, 0, pkg)
		} else if p.m.file == "" || slices.Contains(words[1:], modulePath+own) {
			list = append(list, pkg)
		}
	}
	return list
}

// asked is what go list has said: mutants import what the code does.
var asked = map[string][]string{}

// tested are the test programs of the patterns, each in a line with what is in it.
func (p *planting) tested(t *testing.T, patterns []string) []string {
	t.Helper()
	key := strings.Join(patterns, " ")
	if list, ok := asked[key]; ok {
		return list
	}
	args := append([]string{"list", "-test", "-f", `{{.ImportPath}} {{join .Deps " "}}`}, patterns...)
	out, err := p.command(t, builds, root, "go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	list := slices.DeleteFunc(strings.Split(string(out), "\n"), func(line string) bool {
		name, _, _ := strings.Cut(line, " ")
		return !strings.HasSuffix(name, ".test")
	})
	asked[key] = list
	return list
}

// build makes the test program of a package, and returns its path; "" if the package has no tests. What the mutant doesn't
// touch comes from the build cache.
func (p *planting) build(t *testing.T, pkg string) string {
	t.Helper()
	binary := filepath.Join(p.dir, strings.ReplaceAll(pkg, "/", "_")+".test")
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	args := []string{"test", "-overlay", p.overlay, "-c", "-ldflags=-s -w", "-o", binary, pkg}
	if out, err := p.command(t, builds, root, "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("%s doesn't build: %v: %s", p.m.what, err, out)
	}
	if _, err := os.Stat(binary); err != nil {
		return ""
	}
	return binary
}

// run runs a test program in the directory of its package.
func (p *planting) run(t *testing.T, binary, pkg string, args ...string) death {
	t.Helper()
	c := p.command(t, runs, filepath.Join(root, pkg), binary, args...)
	out, err := c.CombinedOutput()
	d := death{Killed: err != nil}
	if c.ProcessState != nil {
		d.CPU = (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	}
	if !d.Killed {
		return d
	}
	d.By = pkg + ": stopped"
	if fail := failLine.FindSubmatch(out); fail != nil {
		d.By = fmt.Sprintf("%s %s", path.Base(pkg), fail[1])
	}
	if _, why, ok := strings.Cut(string(out), "VIOLATION "); ok {
		oracle, rest, _ := strings.Cut(why, ": ")
		d.By = oracle
		if what, _, ok := strings.Cut(rest, " (seeds"); ok && oracle == neverHappened {
			d.By += ": " + what
		} else if seed := seedLine.FindStringSubmatch(why); seed != nil {
			d.By += ", seed " + seed[1]
		}
	} else if strings.Contains(string(out), "panic: ") {
		d.By += " (panic)"
	}
	if testing.Verbose() && pkg == "runtime/sim" {
		t.Logf("%s", out[:min(len(out), 1500)])
	}
	return d
}

// command is a program within bounds, in a process group of its own that ends with it.
func (p *planting) command(t *testing.T, nice int, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mutantWall)
	t.Cleanup(cancel)
	bounded := fmt.Sprintf(`ulimit -v %d && exec nice -n %d "$0" "$@"`, mutantMemory, nice)
	c := exec.CommandContext(ctx, "sh", append([]string{"-c", bounded, name}, args...)...)
	c.Dir, c.Env = dir, append(os.Environ(), "GOMEMLIMIT=3GiB")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 10 * time.Second
	return c
}

// digest tells a mutant from another of its name.
func (m *mutant) digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []string{m.file, m.old, m.new}))
	return hex.EncodeToString(sum[:8])
}

// overlay is the file that has the compiler read the planted bug.
func (m *mutant) overlay(t *testing.T) string {
	t.Helper()
	dir, replace := t.TempDir(), map[string]string{}
	if m.file != "" {
		file, err := filepath.Abs(filepath.Join(root, m.file))
		if err != nil {
			t.Fatal(err)
		}
		replace[file] = filepath.Join(dir, "planted.go")
		if err := os.WriteFile(replace[file], []byte(m.planted(t)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spec, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "overlay.json"), spec, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "overlay.json")
}
