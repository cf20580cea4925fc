package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

// Scripts read what a committee was measured to do by these names.
func TestConsensusNames(t *testing.T) {
	raw, err := json.Marshal(consensusResult{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"payments_per_second", "cpu_us_per_payment", "idle_latency_ms_p50", "idle_latency_ms_p99", "certificate_verify_us", "collect_64_votes_ms"} {
		if !strings.Contains(string(raw), `"`+name+`":`) {
			t.Errorf("%s has no %s", raw, name)
		}
	}
}
