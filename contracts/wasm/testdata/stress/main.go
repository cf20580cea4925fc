// Command stress uses what of Go a contract may use, each method something else: none may meet a part of the runtime that
// the builder took out.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/thinkey/thinkey/sdk/guest"
)

// Stress is the state.
type Stress struct {
	Result string
	List   []Item
	Maybe  *Item
}

// Item is a part of the state.
type Item struct {
	Name  string
	Bytes []byte
	Money guest.Amount
}

// Run is the input of every method.
type Run struct{ N uint64 }

var (
	words = map[string]int{"one": 1, "two": 2, "three": 3}
	kept  = guest.NewMap[string, Item]("kept")
	last  = guest.NewValue[uint64]("last")
)

var errOwn = errors.New("own error")

// Methods are what is done, by name.
var methods = map[guest.Method[Run]]func(*Stress, guest.Context, uint64) error{
	"maps":       useMaps,
	"format":     useFormat,
	"big":        useBig,
	"channels":   useChannels,
	"select":     useSelect,
	"mutex":      useMutex,
	"collect":    useCollector,
	"deep":       useDeepStack,
	"defers":     useDefers,
	"errors":     useErrors,
	"storage":    useStorage,
	"slices":     useSlices,
	"assert":     useAssertions,
	"state":      useState,
	"index":      func(s *Stress, _ guest.Context, n uint64) error { s.Result = fmt.Sprint(s.List[n]); return nil },
	"nil":        func(s *Stress, _ guest.Context, _ uint64) error { s.Result = s.Maybe.Name; return nil },
	"divide":     func(s *Stress, _ guest.Context, n uint64) error { s.Result = fmt.Sprint(1 / n); return nil },
	"type":       func(s *Stress, _ guest.Context, n uint64) error { var v any = n; s.Result = v.(string); return nil },
	"panic":      func(*Stress, guest.Context, uint64) error { panic("own panic") },
	"panicerror": func(*Stress, guest.Context, uint64) error { panic(errOwn) },
	"refuse":     func(_ *Stress, _ guest.Context, n uint64) error { return guest.Refuse("not %d", n) },
	"overflow":   func(*Stress, guest.Context, uint64) error { guest.MaxAmount().Add(guest.NewAmount(1)); return nil },
	"nilmap":     func(*Stress, guest.Context, uint64) error { var m map[string]int; m["a"] = 1; return nil },
	"closed":     func(*Stress, guest.Context, uint64) error { c := make(chan int); close(c); close(c); return nil },
	"makeslice":  func(s *Stress, _ guest.Context, n uint64) error { s.Result = string(make([]byte, -int(n))); return nil },
	"memory":     useMemory,
	"endless":    func(_ *Stress, _ guest.Context, n uint64) error { return recurse(n) },
	"deadlock":   func(*Stress, guest.Context, uint64) error { <-make(chan int); return nil },
	"gopanic":    func(*Stress, guest.Context, uint64) error { go panic("elsewhere"); select {} },
	"now": func(s *Stress, _ guest.Context, _ uint64) error {
		s.Result = strconv.FormatInt(time.Now().UnixMilli(), 10)
		return nil
	},
	"sleep": func(_ *Stress, _ guest.Context, n uint64) error { time.Sleep(time.Duration(n)); return nil },
	"fatal": func(*Stress, guest.Context, uint64) error { new(sync.Mutex).Unlock(); return nil },
}

func useMaps(s *Stress, _ guest.Context, n uint64) error {
	m := map[uint64]string{}
	for i := range n {
		m[i] = strconv.FormatUint(i, 10)
	}
	for i := uint64(0); i < n; i += 2 {
		delete(m, i)
	}
	keys := slices.Sorted(maps.Keys(m))
	var order []string
	for k := range words {
		order = append(order, k)
	}
	s.Result = fmt.Sprint(len(m), keys[:3], len(order), words["two"])
	clear(m)
	return nil
}

func useFormat(s *Stress, _ guest.Context, n uint64) error {
	s.Result = fmt.Sprintf("%d %x %q %v %T %5.2f", n, n, "text", Item{Name: "i"}, s, 1.5)
	return nil
}

func useBig(s *Stress, _ guest.Context, n uint64) error {
	v := big.NewInt(1)
	for i := range int64(n) {
		v.Mul(v, big.NewInt(i+1))
	}
	s.Result = v.String()
	return nil
}

func useChannels(s *Stress, _ guest.Context, n uint64) error {
	in, out := make(chan uint64), make(chan uint64, 4)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for v := range in {
				out <- v * v
			}
		})
	}
	go func() {
		for i := range n {
			in <- i
		}
		close(in)
		all.Wait()
		close(out)
	}()
	sum := uint64(0)
	for v := range out {
		sum += v
	}
	s.Result = strconv.FormatUint(sum, 10)
	return nil
}

func useSelect(s *Stress, _ guest.Context, n uint64) error {
	a, b, done := make(chan int), make(chan int), make(chan bool)
	go func() {
		for range n {
			a <- 1
			b <- 2
		}
		close(done)
	}()
	sum := 0
	for {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += v
		case <-done:
			s.Result = strconv.Itoa(sum)
			return nil
		}
	}
}

func useMutex(s *Stress, _ guest.Context, n uint64) error {
	var lock sync.RWMutex
	var once sync.Once
	count := 0
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			once.Do(func() { count += 100 })
			lock.Lock()
			defer lock.Unlock()
			count++
		})
	}
	all.Wait()
	pool := sync.Pool{New: func() any { return new(int) }}
	pool.Put(pool.Get())
	s.Result = strconv.Itoa(count)
	return nil
}

type tree struct{ left, right *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return new(tree)
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}

func (t *tree) count() int {
	if t == nil {
		return 0
	}
	return 1 + t.left.count() + t.right.count()
}

// useCollector makes much more garbage than there is memory, while some of it stays in use.
// useCollector makes 37 KB of garbage n times: for more than 350 that is more than all memory that there is.
func useCollector(s *Stress, _ guest.Context, n uint64) error {
	keep := grow(10)
	var text []string
	sum := 0
	for i := range n {
		t := grow(8)
		sum += t.count()
		text = append(text[max(0, len(text)-100):], strings.Repeat("x", 20_000)+strconv.FormatUint(i, 10))
	}
	s.Result = fmt.Sprint(keep.count(), sum, len(text))
	return nil
}

func useDeepStack(s *Stress, _ guest.Context, n uint64) error {
	s.Result = strconv.Itoa(dig(int(n), &n))
	return nil
}

// dig has pointers into the stack, which must be right after it moved.
func dig(n int, outer *uint64) int {
	var room [16]int
	room[n%16] = n
	if n == 0 {
		return int(*outer)
	}
	local := uint64(n)
	return dig(n-1, &local) + room[n%16] - n + int(*outer-local+uint64(0))*0 + 1
}

func useDefers(s *Stress, _ guest.Context, n uint64) (err error) {
	var order []string
	defer func() {
		v := recover()
		s.Result = fmt.Sprint(v, order)
	}()
	for i := range n {
		defer func() { order = append(order, strconv.FormatUint(i, 10)) }()
	}
	func() {
		defer func() { order = append(order, fmt.Sprint(recover())) }()
		panic("inner")
	}()
	panic(fmt.Sprint("outer ", n))
}

type ownError struct{ n uint64 }

func (e *ownError) Error() string { return "own " + strconv.FormatUint(e.n, 10) }

func useErrors(s *Stress, _ guest.Context, n uint64) error {
	err := fmt.Errorf("outer: %w", errors.Join(errOwn, &ownError{n}))
	var own *ownError
	s.Result = fmt.Sprint(errors.Is(err, errOwn), errors.As(err, &own), own.n)
	return nil
}

func useStorage(s *Stress, ctx guest.Context, n uint64) error {
	for i := range n {
		kept.Set(ctx, fmt.Sprintf("key%02d", i), Item{Name: strconv.FormatUint(i, 10), Money: guest.NewAmount(i)})
	}
	kept.Delete(ctx, "key01")
	for k, v := range kept.All(ctx) {
		s.Result += k + "=" + v.Money.String() + " "
	}
	last.Set(ctx, n)
	got, ok := last.Get(ctx)
	s.Result += fmt.Sprint(got, ok, kept.Has(ctx, "key00"), kept.Has(ctx, "key01"))
	return nil
}

type byName []Item

func (b byName) Len() int           { return len(b) }
func (b byName) Less(i, j int) bool { return b[i].Name < b[j].Name }
func (b byName) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }

func useSlices(s *Stress, _ guest.Context, n uint64) error {
	var items []Item
	for i := range n {
		items = append(items, Item{Name: strconv.FormatUint((i*7919)%n, 10)})
	}
	sort.Sort(byName(items))
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(b.Name, a.Name) })
	s.Result = items[0].Name + strings.ToUpper("abc") + fmt.Sprint(binary.LittleEndian.Uint64([]byte("12345678")))
	return nil
}

type shape interface{ area() uint64 }

type square struct{ side uint64 }

func (q square) area() uint64 { return q.side * q.side }

// useAssertions looks interfaces up that no code holds.
func useAssertions(s *Stress, _ guest.Context, n uint64) error {
	for _, v := range []any{square{n}, n, "text", errOwn, &Item{Name: "x"}, []int{1}} {
		switch v := v.(type) {
		case shape:
			s.Result += strconv.FormatUint(v.area(), 10)
		case fmt.Stringer:
			s.Result += v.String()
		case error:
			s.Result += v.Error()
		case []int:
			s.Result += strconv.Itoa(len(v))
		}
	}
	return nil
}

func useState(s *Stress, _ guest.Context, n uint64) error {
	s.Maybe = &Item{Name: "maybe", Bytes: []byte{1, 2, 3}, Money: guest.NewAmount(n)}
	s.List = append(s.List, *s.Maybe, Item{})
	s.Result = fmt.Sprint(len(s.List))
	return nil
}

func useMemory(s *Stress, _ guest.Context, n uint64) error {
	var all [][]byte
	for range n {
		all = append(all, make([]byte, 1<<20))
	}
	s.Result = fmt.Sprint(len(all))
	return nil
}

func recurse(n uint64) error {
	if err := recurse(n + 1); err != nil {
		return err
	}
	return errOwn
}

// Show is the whole state.
func (s *Stress) Show(guest.View, guest.None) (Stress, error) { return *s, nil }

func init() {
	options := []guest.Option{guest.Query("show", (*Stress).Show)}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		options = append(options, guest.Handle(name, func(s *Stress, ctx guest.Context, in Run) error { return methods[name](s, ctx, in.N) }))
	}
	guest.Serve[Stress](options...)
}

func main() {}
