package cli

import (
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
)

// cpu is the user and system time of the process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakRSS is the largest memory the process has had resident, in bytes.
func peakRSS() uint64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return uint64(u.Maxrss) << 10
}

// stages adds up CPU time by stage: what passes between two marks belongs to the later.
type stages struct {
	mu   sync.Mutex // guards last and sum
	last time.Duration
	sum  map[block.Stage]time.Duration
}

func (s *stages) mark(stage block.Stage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := cpu()
	s.sum[stage] += now - s.last
	s.last = now
}

// begin forgets what was.
func (s *stages) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sum)
	s.last = cpu()
}

// microsPer is the time for each of n, in µs.
func microsPer(d time.Duration, n int) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(n) }

func median(list []float64) float64 {
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}
