package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"

	"github.com/spf13/cobra"
)

func (a *app) newBench() *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Measure the system on this machine"}
	c.AddCommand(newBenchPayment(), newBenchConsensus(), newBenchRelay(), newBenchScale(), newBenchAuction(), newBenchWasm(), newBenchBroadcast(), a.newBenchCluster())
	return c
}

type benchOutput struct {
	io.Writer
	json bool
}

func (o benchOutput) say(format string, args ...any) {
	if !o.json {
		_, _ = fmt.Fprintf(o, format, args...)
	}
}

// benchDir makes the directory of a benchmark if none is named; done removes it then.
func benchDir(dir *string) (done func(), err error) {
	if *dir != "" {
		return func() {}, nil
	}
	made, err := os.MkdirTemp("", "thinkey-bench-")
	if err != nil {
		return nil, err
	}
	*dir = made
	return func() { _ = os.RemoveAll(made) }, nil
}

// runStep runs a step of a benchmark in a process of its own, so that its memory and its CPU are its own, and returns what it
// measured as JSON.
func runStep(ctx context.Context, bench, step string, options any) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, self, "bench", bench, "step", step, string(text))
	c.Stderr = os.Stderr
	return c.Output()
}

// newBenchStep is the command of that process.
func newBenchStep[O any](measure func(step string, options O) (any, error)) *cobra.Command {
	return &cobra.Command{
		Use: "step STEP OPTIONS", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var o O
			if err := json.Unmarshal([]byte(args[1]), &o); err != nil {
				return err
			}
			answer, err := measure(args[0], o)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(answer)
		},
	}
}

// measureStep measures, and writes a CPU profile of that if a directory is named for it.
func measureStep(profiles, step string, measure func() (any, error)) (any, error) {
	if profiles == "" {
		return measure()
	}
	var answer any
	err := profiled(filepath.Join(profiles, step+".pprof"), func() (err error) {
		answer, err = measure()
		return err
	})
	return answer, err
}

// profiled does work, and writes a CPU profile of it to a file if one is named.
func profiled(path string, work func() error) error {
	if path == "" {
		return work()
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return work()
}
