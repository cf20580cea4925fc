package store

import (
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
)

func TestTune(t *testing.T) {
	spec := os.Getenv("TUNE")
	if spec == "" {
		t.Skip()
	}
	n := 100
	s, list := openBench(t, func(p *pebble.Options) {
		for _, f := range strings.Fields(spec) {
			k, v, _ := strings.Cut(f, "=")
			x, _ := strconv.Atoi(v)
			switch k {
			case "mem":
				p.MemTableSize = uint64(x) << 20
			case "l0":
				p.L0CompactionThreshold = x
			case "l0f":
				p.L0CompactionFileThreshold = x
			case "lbase":
				p.LBaseMaxBytes = int64(x) << 20
			case "block":
				for i := range p.Levels {
					p.Levels[i].BlockSize = x << 10
				}
			case "tfs":
				p.TargetFileSizes[0] = int64(x) << 20
			case "split":
				p.FlushSplitBytes = int64(x) << 20
			case "comp":
				for i := range p.Levels {
					p.Levels[i].Compression = func() *sstable.CompressionProfile {
						return map[string]*sstable.CompressionProfile{"none": sstable.NoCompression, "snappy": sstable.SnappyCompression, "minlz": sstable.MinLZCompression}[v]
					}
				}
			case "bloom":
				for i := range p.Levels {
					p.Levels[i].FilterPolicy = bloom.FilterPolicy(x)
				}
				if x == 0 {
					for i := range p.Levels {
						p.Levels[i].FilterPolicy = pebble.NoFilterPolicy
					}
				}
			case "nol6":
				p.Levels[6].FilterPolicy = pebble.NoFilterPolicy
			case "walsync":
				p.WALBytesPerSync = x << 10
			case "bps":
				p.BytesPerSync = x << 10
			case "stats":
				p.DisableTableStats = true
			case "n":
				n = x
			case "vs":
				p.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
					return pebble.ValueSeparationPolicy{Enabled: true, MinimumSize: x << 10, MaxBlobReferenceDepth: 10, RewriteMinimumAge: time.Hour, TargetGarbageRatio: 0.5}
				}
			case "nospan":
				p.Experimental.SpanPolicyFunc = nil
			case "mult":
				p.Experimental.LevelMultiplier = x
			default:
				if k != "-" {
					panic(k)
				}
			}
		}
	})
	head, _ := s.Head(1)
	src := newBenchCommits(list, head)
	// settle
	s.db.Flush()
	var used, prep time.Duration
	var wall time.Duration
	if f := os.Getenv("PROF"); f != "" {
		w, _ := os.Create(f)
		pprof.StartCPUProfile(w)
		defer pprof.StopCPUProfile()
	}
	t0 := cpu()
	for range n {
		c0 := cpu()
		c := src.next()
		prep += cpu() - c0 // includes what runs in the background meanwhile
		w0 := time.Now()
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
		wall += time.Since(w0)
	}
	time.Sleep(2 * time.Second)
	s.db.Flush()
	for {
		m := s.db.Metrics()
		if m.Compact.NumInProgress == 0 && m.Flush.NumInProgress == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	used = cpu() - t0
	m := s.db.Metrics()
	// cost of preparing alone
	c0 := cpu()
	other := newBenchCommits(list, head)
	for range 5 {
		other.next()
	}
	alone := (cpu() - c0) / 5 * time.Duration(n)
	fmt.Printf("TUNE %s: %.2f us/payment cpu (incl prep %.2f), wall %.1f ms/commit; flush %d %dMB compactions %d; read amp %d; wamp %.1f; disk %d MB\n", spec, float64((used-alone).Microseconds())/float64(n*benchPayments),
		float64(used.Microseconds())/float64(n*benchPayments), wall.Seconds()*1000/float64(n), m.Flush.Count, m.Levels[0].TableBytesFlushed>>20, m.Compact.Count, m.ReadAmp(), float64(func() uint64 { tt := m.Total(); return tt.TableBytesFlushed + tt.TableBytesCompacted }())/float64(m.WAL.BytesIn), m.DiskSpaceUsage()>>20)
	if os.Getenv("V") != "" {
		fmt.Println(m.String())
	}
	s.Close()
}
