package audit

import (
	"fmt"
	"sync"

	"github.com/thinkey/thinkey/sdk/merkle"
)

// guard runs f and makes a panic an error: what other packages promise themselves about content that has passed their checks
// may not hold for what lies in a directory (A2).
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a promise of the program is broken by it: %v", p)
		}
	}()
	return f()
}

// careful is each with panics handed on to the goroutine that called it, where guard can meet them.
func careful(each merkle.Each) merkle.Each {
	if each == nil {
		return nil
	}
	return func(n int, f func(i int)) {
		var mu sync.Mutex // guards first
		var first any
		each(n, func(i int) {
			defer func() {
				if p := recover(); p != nil {
					mu.Lock()
					defer mu.Unlock()
					if first == nil {
						first = p
					}
				}
			}()
			f(i)
		})
		if first != nil {
			panic(first)
		}
	}
}
