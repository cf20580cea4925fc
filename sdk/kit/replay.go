package kit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/consensus/order"
	"github.com/thinkey/thinkey/contracts/exec"
)

type (
	delivery = *exec.Delivery
	turn     = order.Turn[delivery]
)

// Step says that an account processes a message next: their names. A message is named by its method and the number of the
// external message that it comes from, among those that were sent together, from 1 on: "bid#2" is the bid which that sent.
// Further down, the places among what each message sent follow: "add#2.1.3" is the third that the bid sent.
type Step [2]string

// Order is what accounts process, in order. It binds each account by itself, and only from its first message to the last
// one named: everything else is processed as it comes, what waits longest first.
type Order []Step

// Replay is Together in a given order, as Explore prints it.
func (k *Chain) Replay(o Order, f func(k *Chain)) []*Trace {
	k.t.Helper()
	held := k.collect("Replay", f)
	k.last = held.traces
	s, err := k.newScene(held.messages, k.pace)
	k.must(err)
	flight, err := s.follow(o)
	if err != nil {
		k.t.Fatalf("kit: %v", err)
	}
	k.commit(s, flight).show(held.traces)
	return held.traces
}

// follow runs a scene in the order o.
func (s *scene) follow(o Order) (*flight, error) {
	next := make(map[string][]string) // by account: what it processes next
	for _, step := range o {
		if s.chain.accounts[step[0]] == nil {
			return nil, fmt.Errorf("no account is called %q; there are %s", step[0], strings.Join(s.chain.names(), ", "))
		}
		next[step[0]] = append(next[step[0]], step[1])
	}
	f := s.flight()
	for ready := f.Ready(); len(ready) > 0; ready = f.Ready() {
		at := slices.IndexFunc(ready, func(t turn) bool {
			wanted := next[s.name(t.Account)]
			return len(wanted) == 0 || wanted[0] == s.label(t.Message)
		})
		if at < 0 {
			return nil, s.stuck(ready, next)
		}
		if name := s.name(ready[at].Account); len(next[name]) > 0 {
			next[name] = next[name][1:]
		}
		f.Take(ready[at])
	}
	for _, step := range o {
		if left := next[step[0]]; len(left) > 0 {
			return nil, fmt.Errorf("the order says that %s processes %s, and it was never sent", step[0], left[0])
		}
	}
	return f, nil
}

func (s *scene) name(account uint32) string { return s.chain.nameOf(s.roots[account].account) }

// stuck says why an order can't go on.
func (s *scene) stuck(ready []turn, next map[string][]string) error {
	t := ready[0]
	name := s.name(t.Account)
	var wait []string
	for _, t := range ready {
		wait = append(wait, fmt.Sprintf("%s for %s", s.label(t.Message), s.name(t.Account)))
	}
	return fmt.Errorf("the order says that %s processes %s next, and that can't be: only %s can be processed now",
		name, next[name][0], strings.Join(wait, ", "))
}

// steps names the turns of a run.
func (x *exploration) steps(turns []turn) Order {
	list := make(Order, len(turns))
	for i, t := range turns {
		list[i] = Step{x.scene.name(t.Account), x.scene.label(t.Message)}
	}
	return list
}

// shorten leaves out of a failing order what it fails without: whole accounts, and then the ends of what is said of the
// others. x.failed and x.failure are those of the last one that fails.
func (x *exploration) shorten(o Order) Order {
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
	return o
}

// fails says whether the order still fails, and remembers how.
func (x *exploration) fails(o Order) bool {
	f, err := x.scene.follow(o)
	if err != nil {
		return false
	}
	if err := x.judge(f); err != nil {
		x.failed, x.failure = f, err
		return true
	}
	return false
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
