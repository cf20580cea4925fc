package node

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are what Prometheus asks of the questions between nodes. Labels are the names of counts, whose number is fixed.
func (d *Placed) Metrics() prometheus.Gatherer {
	r := prometheus.NewRegistry()
	r.MustRegister(placedCollector{d})
	return r
}

type placedCollector struct{ *Placed }

var questionsOf = prometheus.NewDesc("thinkey_placement_total", "Questions for accounts between nodes, and what was refused of them, by what it was.", []string{"what"}, nil)

// Describe implements prometheus.Collector.
func (c placedCollector) Describe(d chan<- *prometheus.Desc) { d <- questionsOf }

// Collect implements prometheus.Collector.
func (c placedCollector) Collect(m chan<- prometheus.Metric) {
	for what, n := range c.Counts() {
		m <- prometheus.MustNewConstMetric(questionsOf, prometheus.CounterValue, float64(n), what)
	}
}
