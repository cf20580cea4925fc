package conform

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// What compiling any module may take that is accepted, with what finding it takes. Measured on a busy machine: 6 s of CPU and
// 170 MB. The bounds leave room for slower ones.
const (
	mostCompile = 30 * time.Second
	mostMemory  = 512 << 20
)

// worstBombs are the largest modules that are accepted of the kinds that BenchmarkBombs finds worst: of time, of memory, of a
// single function's compiling, of growth when they are instrumented.
var worstBombs = []charge{
	{n: 1000, locals: 2, kind: module.F64, bomb: bomb{name: "if"}},
	{n: 10, locals: 1000, kind: module.F64, bomb: bomb{name: "if"}},
	{n: 3000, locals: 2, kind: module.I64, bomb: bomb{name: "load"}},
	{n: 60_000, kind: module.F64, bomb: bomb{name: "roots with changes of sign"}},
}

// bombVariable names the environment's variable that makes TestWorstCompile compile one of worstBombs and nothing else.
const bombVariable = "THINKEY_TEST_BOMB"

// TestWorstCompile compiles whole worst modules, each in a process of its own: how much memory one takes can't be seen beside
// others.
func TestWorstCompile(t *testing.T) {
	if i, err := strconv.Atoi(os.Getenv(bombVariable)); err == nil {
		compileWhole(t, worstBombs[i])
		return
	}
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range worstBombs {
		cmd := exec.Command(self, "-test.run", "^TestWorstCompile$", "-test.v")
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", bombVariable, i))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", c, err, out)
		}
		cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		memory, err := strconv.Atoi(told(string(out), "peak: "))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%v: %.1f s of CPU, %d MB; %s", c, cpu.Seconds(), memory>>20, told(string(out), "module: "))
		if cpu > mostCompile || memory > mostMemory {
			t.Errorf("%v takes %v of CPU and %d bytes; at most %v and %d", c, cpu, memory, mostCompile, mostMemory)
		}
	}
}

// told is what the other process says of something.
func told(out, what string) string {
	_, after, _ := strings.Cut(out, what)
	line, _, _ := strings.Cut(after, "\n")
	return line
}

// compileWhole compiles the largest module of that kind that is accepted.
func compileWhole(t *testing.T, c charge) {
	for _, b := range bombs {
		if b.name == c.name {
			c.bomb = b
		}
	}
	most, err := c.limit()
	if err != nil {
		t.Fatal(err)
	}
	c.copies = most
	m, facts, published, err := c.accepted()
	if err != nil {
		t.Fatal(err)
	}
	code, err := marked.of(m, facts)
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t, engines[0], features)
	defer h.close()
	if _, err := h.runtime.CompileModule(context.Background(), code); err != nil {
		t.Fatal(err)
	}
	t.Logf("module: %d functions, %d KB, complexity %d; %d KB instrumented", most, len(published)>>10, facts.Complexity, len(code)>>10)
	t.Logf("peak: %d", peak(t))
}

// peak is the most memory that this process had since its program began. What wait says of it begins with the memory of the
// process that started it.
func peak(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	kilobytes, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(told(string(status), "VmHWM:")), "kB")))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
