package cli

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

// The whitepaper's speed-up, against vectors.
func TestSpeedup(t *testing.T) {
	raw, err := os.ReadFile("testdata/speedup.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Cases []struct {
			P       float64 `json:"p"`
			K       float64 `json:"k"`
			R       float64 `json:"r"`
			Speedup float64 `json:"speedup"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(raw, &vectors); err != nil || len(vectors.Cases) == 0 {
		t.Fatal(err, len(vectors.Cases))
	}
	for _, c := range vectors.Cases {
		if got := speedup(c.P, c.K, c.R); math.Abs(got-c.Speedup) > 1e-8*c.Speedup {
			t.Errorf("p %g, k %g, r %g: %g, want %g", c.P, c.K, c.R, got, c.Speedup)
		}
	}
}

// What follows from figures that are easy to follow: each payment takes 100 µs where it is, a digest 1 ms of the main chain, and there
// is one for 100 payments.
func TestScaleDerives(t *testing.T) {
	r := scaleResult{Counts: []int{1, 4, 40}, CPU: []float64{100, 110, 110}, Digests: []int{0, 40, 40}}
	r.Messages = 4000
	r.derive([]float64{0, 1000, 1000})
	want := []float64{1, 4, 10} // at 40 chains the main chain is the limit: 10 µs of it for each payment
	for i, psi := range r.Psi {
		if math.Abs(psi-want[i]) > 1e-9 {
			t.Errorf("ψ(%d) is %g, want %g", r.Counts[i], psi, want[i])
		}
	}
	if r.Growth != 1.1 || math.Abs(r.Share[1]-100.0/110) > 1e-9 || r.Speedup[0] != 1 {
		t.Errorf("%+v", r)
	}
	plot := string(r.plot())
	d := xml.NewDecoder(strings.NewReader(plot))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if strings.Count(plot, "<polyline") != 4 || strings.Contains(plot, "NaN") || strings.Contains(plot, "Inf") {
		t.Error(plot)
	}
}

// A tree of three chains under load: everything arrives, and what is measured is there.
func TestBenchTree(t *testing.T) {
	o := treeBench{Chains: 3, Accounts: 20, Messages: 60, Across: 0.5, Seed: 1, Dir: t.TempDir(), InWaves: true, GasPrice: 1}
	answer, err := benchChains(o)
	if err != nil {
		t.Fatal(err)
	}
	if n := answer["digests"].(int); n < 3 {
		t.Errorf("%d digests of three chains", n)
	}
	if answer, err = benchMain(o); err != nil || answer["main_cpu_us_per_digest"].(float64) <= 0 {
		t.Error(answer, err)
	}
	r := relayBench{treeBench: o, Single: 3}
	r.InWaves, r.Chains = false, 2
	for step, key := range map[string]string{"single": "latency_blocks_p50", "local": "cpu_us_per_local_payment", "across": "proof_bytes_per_message"} {
		if answer, err = relaySteps[step](r); err != nil || answer[key].(float64) <= 0 {
			t.Errorf("%s: %v, %v", step, answer, err)
		}
	}
}

// A kitten is sold by three auctioneers, on one chain and on three; what the sale must come to is held by the benchmark itself.
func TestBenchSale(t *testing.T) {
	o := auctionBench{
		treeBench: treeBench{Accounts: 20, Across: 0.3, Seed: 1, Dir: t.TempDir(), InWaves: true}, Auctioneers: 3, Bids: 60, Contracts: "../../examples/auction/rust",
	}
	for _, o.GasPrice = range []uint64{0, 1} {
		for step, key := range map[string]string{stepOne: "cpu_us_per_bid_one_chain", stepMany: "cpu_us_per_bid_many_chains"} {
			answer, err := benchSale(step, o)
			if err != nil || answer[key].(float64) <= 0 {
				t.Errorf("%s: %v, %v", step, answer, err)
			}
		}
		o.Dir = t.TempDir()
	}
}
