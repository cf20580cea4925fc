package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

// Scripts read what was measured by these names.
func TestBenchNames(t *testing.T) {
	for _, x := range []struct {
		of    any
		names string
	}{
		{consensusResult{}, "payments_per_second cpu_us_per_payment idle_latency_ms_p50 idle_latency_ms_p99 certificate_verify_us collect_64_votes_ms"},
		{relayResult{}, "latency_blocks_p50 latency_blocks_p99 cpu_ratio proof_bytes_per_message"},
		{scaleResult{}, "cpu_growth cpu_us_per_payment main_cpu_us_per_digest psi"},
		{clusterResult{}, "payments_per_second idle_latency_ms_p50 rss_bytes_per_node idle_cpu_percent request_ms_p50 catchup_ratio catchup_rate_ratio restart_to_vote_ms strangers_latency_ratio strangers_rate_ratio strangers_cpu_ratio rss_rested_bytes_per_node"},
	} {
		raw, err := json.Marshal(x.of)
		if err != nil {
			t.Fatal(err)
		}
		for name := range strings.FieldsSeq(x.names) {
			if !strings.Contains(string(raw), `"`+name+`":`) {
				t.Errorf("%s has no %s", raw, name)
			}
		}
	}
}
