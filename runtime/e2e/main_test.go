package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// bin is where the programs are built.
var bin string

// operates runs what takes minutes of waiting: make cluster does.
var operates = flag.Bool("operates", false, "run TestRunACluster and TestRollingUpgrade: two minutes")

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "thinkey-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bin = dir
	for name, path := range map[string]string{"thinkey": "runtime/cmd/thinkey", "demo": "examples/payment/client/demo"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), "./"+path)
		build.Dir = filepath.Join("..", "..")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s", path, err, out)
			return 1
		}
	}
	return m.Run()
}
