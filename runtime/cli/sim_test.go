package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// Who ends the simulator gets the report of what ran, and is told that it was not all.
func TestSimInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, x := range []struct{ flag, report string }{{"--quiet", "0 seeds in 0.0 s of CPU, 0 violations"}, {"--json", `"seeds":0`}} {
		var out, err bytes.Buffer
		code := Run(ctx, []string{"sim", "run", "--cpu", "0", x.flag}, Streams{In: strings.NewReader(""), Out: &out, Err: &err, Environ: []string{"THINKEY_CONFIG=" + emptyConfig(t, t.TempDir())}})
		if code == exitOK || !strings.Contains(out.String(), x.report) || !strings.Contains(err.String(), "interrupted") {
			t.Errorf("%s: code %d, %s\n%s", x.flag, code, &out, &err)
		}
	}
}

// Numbers that mean nothing are refused by name, and no seed is run.
func TestSimUsage(t *testing.T) {
	for flag, value := range map[string]string{"--cpu": "-5s", "--seeds": "-3", "--messages": "-5", "--nodes": "65", "--chains": "-1"} {
		if got := run(t, t.TempDir(), "sim", "run", flag, value); got.code != exitUsage || !strings.Contains(got.err, flag) {
			t.Errorf("%s %s: exit code %d, %s", flag, value, got.code, got.err)
		}
	}
}
