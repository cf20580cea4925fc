package api

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/client"
)

// Config says what a Server serves.
type Config struct {
	// Node is that of the chain which is meant where none is named. Others are those of further chains; one of each.
	Node   *node.Node
	Others []*node.Node
	// Listen is host:port; port 0 takes a free one. It must be a loopback address if Dev is set.
	Listen  string
	Dev     *client.Dev // of a development network, else nil
	Version string
	// Peers, if set, says what this node is to others, and which it knows.
	Peers func() client.Peers
	// Elsewhere, if set, reaches the chains that are not here.
	Elsewhere Elsewhere
	// Metrics are served beside those of the nodes.
	Metrics []prometheus.Gatherer
	// Pprof serves Go's profiles under /debug/pprof, to callers on this machine alone.
	Pprof  bool
	Log    *slog.Logger
	Limits Limits
}

// Limits are what strangers can take (N2, N3). A zero field stands for its default.
type Limits struct {
	Header    time.Duration // for a request's headers to arrive [5s]
	Request   time.Duration // for a request with its body to arrive [15s]
	Write     time.Duration // for a reader to take an answer, or an event of a stream [30s]
	Idle      time.Duration // of a connection between requests [60s]
	KeepAlive time.Duration // between signs of life on a silent stream [15s]
	Poll      time.Duration // the longest wait of one request [60s]

	Connections int   // at once [4096], and a 64th of that from the machine itself; more are refused
	Address     int   // of the connections those of one address [256]; a quarter of them can be streams. Bodies and answers of one are shared as much
	Streams     int   // at once [256]
	Polls       int   // requests that wait, at once [1024]
	Bodies      int64 // bytes of request bodies in memory [128 MiB]
	Answers     int64 // bytes of answers that their readers have not taken yet [256 MiB]; those of at most 64 KiB don't count
	Readers     int   // requests that look at blocks, at once [16]
	BlockBytes  int   // encoded length of the blocks kept to be read again [16 MiB]
	Tree        int   // messages of a tree that are answered [10,000]
}

// complete fills in the defaults.
func (l Limits) complete() Limits {
	fill(&l.Header, 5*time.Second)
	fill(&l.Request, 15*time.Second)
	fill(&l.Write, 30*time.Second)
	fill(&l.Idle, time.Minute)
	fill(&l.KeepAlive, 15*time.Second)
	fill(&l.Poll, time.Minute)
	fill(&l.Connections, 4096)
	fill(&l.Address, 256)
	fill(&l.Streams, 256)
	fill(&l.Polls, 1024)
	fill(&l.Bodies, 128<<20)
	fill(&l.Answers, 256<<20)
	fill(&l.Readers, 16)
	fill(&l.BlockBytes, 16<<20)
	fill(&l.Tree, 10_000)
	return l
}

// part is what of a number of bytes one address may have: four times its share of connections, as most don't need theirs, and at least so much that
// it can do anything.
func (l *Limits) part(of, least int64) int64 {
	return max(least, of*min(4*int64(l.Address), int64(l.Connections))/int64(l.Connections))
}

func fill[T ~int | ~int64](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

const (
	// smallAnswer is the length of an answer that is given also when the budget of answers is used up: the bound on
	// connections holds for it.
	smallAnswer = 64 << 10
	// loadsAtOnce is how many of the readers may load a block that is not kept: one of the largest size takes 300 MB.
	loadsAtOnce = 2
	// evidenceAtOnce is how many files of evidence may be read at once: one has up to chain.MaxEvidenceBytes.
	evidenceAtOnce = 2
	// leastAnswers is how many bytes of answers that it hasn't taken one address may have, whatever its share: a block of the largest size, and more.
	leastAnswers = 64 << 20
	// pageEvents is how many messages of a block one answer holds.
	pageEvents = 1000
	// cutInput bounds a message's input, and its events, where many are answered at once.
	cutInput = 1 << 10
	// maxHeaderBytes bounds a request's headers: ours need a few hundred bytes.
	maxHeaderBytes = 16 << 10
	// maxMine bounds the blocks of one demand.
	maxMine = 1000
	// defaultWait is how long ?wait=final waits.
	defaultWait = 30 * time.Second
)
