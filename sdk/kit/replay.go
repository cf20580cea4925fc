package kit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/consensus/order"
)

// Step says that an account processes a message next: their names. A message is named by its method and the number of the
// external message that it comes from, among those that were sent together, from 1 on: "bid#2" is the bid which that sent.
// Further down, the places among what each message sent follow: "add#2.1.3" is the third that the bid sent. In a tree the first
// word is a chain's name: the message arrives there next.
type Step [2]string

// Order is what accounts process, or chains take in, in order. It binds each account by itself, and only from its first message to the last
// one named: everything else is processed as it comes, what waits longest first.
type Order []Step

// Replay is Together in a given order, as Explore prints it.
func (k *Chain) Replay(o Order, f func(k *Chain)) []*Trace {
	k.t.Helper()
	held := k.collect("Replay", f)
	c := k.course(held)
	if err := c.follow(o); err != nil {
		k.t.Fatalf("kit: %v", err)
	}
	k.must(c.land(verified))
	k.last = held.traces
	k.show()
	return held.traces
}

// follow takes a flight to its end in the order o; name and label say how that calls its turns.
func follow[M comparable, S any](f *order.Flight[M, S], o Order, name func(order.Turn[M]) string, label func(order.Turn[M]) string) error {
	next := make(map[string][]string) // by account: what it processes next
	for _, step := range o {
		next[step[0]] = append(next[step[0]], step[1])
	}
	for ready := f.Ready(); len(ready) > 0; ready = f.Ready() {
		at := slices.IndexFunc(ready, func(t order.Turn[M]) bool {
			wanted := next[name(t)]
			return len(wanted) == 0 || wanted[0] == label(t)
		})
		if at < 0 {
			var wait []string
			for _, t := range ready {
				wait = append(wait, fmt.Sprintf("%s for %s", label(t), name(t)))
			}
			who := name(ready[0])
			return fmt.Errorf("the order says that %s processes %s next, and that can't be: only %s can be processed now",
				who, next[who][0], strings.Join(wait, ", "))
		}
		if who := name(ready[at]); len(next[who]) > 0 {
			next[who] = next[who][1:]
		}
		f.Take(ready[at])
	}
	for _, step := range o {
		if left := next[step[0]]; len(left) > 0 {
			return fmt.Errorf("the order says that %s processes %s, and it was never sent", step[0], left[0])
		}
	}
	return nil
}

// shorten leaves out of the failing order what it fails without: whole accounts, and then the ends of what is said of the
// others. x.failed and x.failure are those of the last one that fails.
func (x *exploration) shorten() {
	o := x.failed
	var names []string
	for _, s := range o {
		if !slices.Contains(names, s[0]) {
			names = append(names, s[0])
		}
	}
	for _, name := range names {
		without := o.keep(name, 0)
		if x.fails(without) {
			o = without
		}
	}
	for _, name := range names {
		for n := 1; n < o.count(name); n++ {
			if short := o.keep(name, n); x.fails(short) {
				o = short
			}
		}
	}
	x.failed = o
}

// fails says whether the order still fails, and remembers how.
func (x *exploration) fails(o Order) bool {
	if x.course.follow(o) != nil {
		return false
	}
	err := x.judge()
	if err != nil {
		x.failure = err
	}
	return err != nil
}

func (o Order) count(account string) (n int) {
	for _, s := range o {
		if s[0] == account {
			n++
		}
	}
	return n
}

// keep is o with only the first n steps of an account.
func (o Order) keep(account string, n int) (list Order) {
	for _, s := range o {
		if s[0] != account {
			list = append(list, s)
		} else if n > 0 {
			list = append(list, s)
			n--
		}
	}
	return list
}
