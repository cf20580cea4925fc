package node

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are what Prometheus asks of the links. Labels are the names of counts, whose number is fixed.
func (l *Links) Metrics() prometheus.Gatherer {
	r := prometheus.NewRegistry()
	r.MustRegister(linksCollector{l})
	return r
}

type linksCollector struct{ *Links }

var (
	peersOf  = prometheus.NewDesc("thinkey_peers", "Other nodes, by whether they are known by the mesh, called alive by it, or connected.", []string{"as"}, nil)
	sentOf   = prometheus.NewDesc("thinkey_peer_messages", "Messages to and from the nodes that are connected, and those that were not sent, since they were met.", []string{"way"}, nil)
	eventsOf = prometheus.NewDesc("thinkey_links_total", "What was refused, lost or repeated between nodes, by what it was.", []string{"what"}, nil)
)

// Describe implements prometheus.Collector.
func (c linksCollector) Describe(d chan<- *prometheus.Desc) {
	d <- peersOf
	d <- sentOf
	d <- eventsOf
}

// Collect implements prometheus.Collector.
func (c linksCollector) Collect(m chan<- prometheus.Metric) {
	var known, alive, connected, sent, received, lost float64
	for _, n := range c.Neighbours() {
		known, alive, connected = known+one(n.Known), alive+one(n.Alive), connected+one(n.Connected)
		sent, received, lost = sent+float64(n.Sent), received+float64(n.Received), lost+float64(n.Lost)
	}
	for as, n := range map[string]float64{"known": known, "alive": alive, "connected": connected} {
		m <- prometheus.MustNewConstMetric(peersOf, prometheus.GaugeValue, n, as)
	}
	for way, n := range map[string]float64{"sent": sent, "received": received, "lost": lost} {
		m <- prometheus.MustNewConstMetric(sentOf, prometheus.GaugeValue, n, way) // a node that went takes its own with it
	}
	for what, n := range c.Counts() {
		m <- prometheus.MustNewConstMetric(eventsOf, prometheus.CounterValue, float64(n), what)
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
