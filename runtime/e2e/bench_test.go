package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBenchCluster runs all that `thinkey bench cluster` measures on a small network: each step ends, and has a figure.
func TestBenchCluster(t *testing.T) {
	if !*operates {
		t.Skip("make cluster runs it")
	}
	t.Parallel()
	var said strings.Builder
	bench := exec.CommandContext(t.Context(), filepath.Join(bin, "thinkey"), "bench", "cluster", "--json", "--accounts", "200", "--messages", "2000", "--idle", "4", "--restarts", "1",
		"--dir", filepath.Join(t.TempDir(), "bench"))
	bench.Stderr = &said
	out, err := bench.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	var is map[string]any
	if err := json.Unmarshal(out, &is); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"payments_per_second", "cpu_us_per_payment", "idle_latency_ms_p50", "rss_bytes_per_node", "idle_cpu_percent", "request_ms_p50", "catchup_ratio", "catchup_latency_ratio",
		"restart_to_vote_ms", "strangers_connections", "strangers_latency_ratio", "strangers_rate_ratio",
	} {
		if v, ok := is[name].(float64); !ok || v <= 0 {
			t.Errorf("%s: %v", name, is[name])
		}
	}
	t.Logf("%s", out)
}
