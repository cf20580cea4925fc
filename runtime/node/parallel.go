package node

import (
	"sync"
	"sync/atomic"

	"github.com/thinkey/thinkey/sdk/merkle"
)

// Parallel is an Each over that many goroutines, which live as long as one call: the pieces of work are large.
func Parallel(workers int) merkle.Each {
	return func(n int, f func(int)) {
		var next atomic.Int64
		work := func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		}
		var wait sync.WaitGroup
		for range min(workers, n) - 1 {
			wait.Go(work)
		}
		work()
		wait.Wait()
	}
}
