package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// SPEC 10.5: the table, the plot and the JSON have what was measured, and one full copy means fewer than two.
func TestBenchBroadcast(t *testing.T) {
	run := func(args ...string) string {
		c := newBenchBroadcast()
		var out bytes.Buffer
		c.SetOut(&out)
		c.SetArgs(append([]string{"--nodes", "100,400", "--messages", "5"}, args...))
		if err := c.Execute(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	var said struct {
		Rows []broadcastRow
	}
	if err := json.Unmarshal([]byte(run("--json")), &said); err != nil || len(said.Rows) != 2 {
		t.Fatal(err, said)
	}
	for _, r := range said.Rows {
		if one, eight := r.Results[3].Copies, r.Results[0].Copies; one < 1 || one >= 2 || eight < 3 {
			t.Errorf("%d nodes: %v copies of one, %v of eight", r.Nodes, one, eight)
		}
	}
	text := run()
	for _, want := range []string{"nodes", "8 full", "copies; a digit", "  100   400 nodes"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, args := range [][]string{{"--links", "3"}, {"--nodes", "5"}, {"--messages", "0"}, {"--silent", "91"}} {
		c := newBenchBroadcast()
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs(args)
		if err := c.Execute(); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
