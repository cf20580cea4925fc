package node

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/actors/host"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/ingress"
)

// metrics are what Prometheus asks of a node. Labels never hold an address: their number is bounded.
type metrics struct {
	registry  *prometheus.Registry
	register  prometheus.Registerer // with the chain's number, if the node is one of several
	messages  *prometheus.CounterVec
	blocks    prometheus.Counter
	processed prometheus.Counter
	gas       prometheus.Counter
	bytes     prometheus.Counter
}

func newMetrics(n *Node) *metrics {
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		messages:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "thinkey_submitted_total", Help: "External messages submitted, by answer."}, []string{"answer"}),
		blocks:    prometheus.NewCounter(prometheus.CounterOpts{Name: "thinkey_blocks_total", Help: "Blocks committed since the start."}),
		processed: prometheus.NewCounter(prometheus.CounterOpts{Name: "thinkey_messages_processed_total", Help: "Messages processed in committed blocks."}),
		gas:       prometheus.NewCounter(prometheus.CounterOpts{Name: "thinkey_gas_used_total", Help: "Gas used in committed blocks."}),
		bytes:     prometheus.NewCounter(prometheus.CounterOpts{Name: "thinkey_block_bytes_total", Help: "Bytes of committed blocks."}),
	}
	m.register = m.registry
	if n.config.Store != nil { // one of several nodes of a process
		m.register = prometheus.WrapRegistererWith(prometheus.Labels{"chain": strconv.FormatUint(uint64(n.chain), 10)}, m.registry)
	}
	gauge := func(name, help string, f func() float64) {
		m.register.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
	}
	gauge("thinkey_block_height", "Height of the head.", func() float64 { return float64(n.Head().Header.Height) })
	gauge("thinkey_mempool_size", "External messages that wait.", func() float64 { return float64(n.host.Waiting()) })
	gauge("thinkey_actors_resident", "Accounts whose actor is in memory.", func() float64 { return float64(n.host.Stats().Resident) })
	gauge("thinkey_store_disk_bytes", "Bytes of all files of the store.", func() float64 { return float64(n.store.Metrics().DiskBytes) })
	gauge("thinkey_store_compaction_debt_bytes", "Bytes that compactions are behind by, estimated.", func() float64 { return float64(n.store.Metrics().Debt) })
	gauge("thinkey_store_background_failures", "Failures of the store's background work since the start.", func() float64 { return float64(n.store.Metrics().Failures) })
	m.register.MustRegister(m.messages, m.blocks, m.processed, m.gas, m.bytes)
	return m
}

func (m *metrics) committed(r *block.Result) {
	m.blocks.Inc()
	m.processed.Add(float64(len(r.Processed)))
	m.gas.Add(float64(r.Block.Header.GasUsed))
	m.bytes.Add(float64(len(r.Raw)))
}

func (m *metrics) submitted(answers []ingress.Answer) {
	taken := 0
	for i := range answers {
		if answers[i].Refused == nil {
			taken++
			continue
		}
		m.messages.WithLabelValues(refusalCode(answers[i].Refused)).Inc()
	}
	m.messages.WithLabelValues("taken").Add(float64(taken))
}

func refusalCode(err error) string {
	var door *ingress.Refusal
	var lane *account.Refusal
	var full *host.Busy
	switch {
	case errors.As(err, &door):
		return door.Code
	case errors.As(err, &lane):
		return string(lane.Kind)
	case errors.As(err, &full):
		return ingress.CodeBusy
	}
	return "other"
}

// Metrics are the node's own, for a Prometheus handler.
func (n *Node) Metrics() prometheus.Gatherer { return n.metrics.registry }
