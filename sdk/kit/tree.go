package kit

import (
	"fmt"
	"strings"
)

// parseTree reads a tree of chains, parents before their children.
func parseTree(text string) (list []limb, err error) {
	broken := func(at int, what string) error {
		return fmt.Errorf("tree of chains %q: %s at character %d; write main(a(a1,a2),b)", text, what, at+1)
	}
	var above []int // the chains around this place
	name, closed := "", false
	end := func(at int) error {
		switch {
		case name == "" && !closed:
			return broken(at, "a name is missing")
		case name != "" && closed:
			return broken(at, "a comma is missing")
		case name == "":
			return nil
		case len(above) == 0 && len(list) > 0:
			return broken(at, "a second root")
		}
		l := limb{name: name}
		if len(above) > 0 {
			l.under = above[len(above)-1]
		}
		list, name = append(list, l), ""
		return nil
	}
	for at, c := range text {
		switch c {
		case '(':
			if err = end(at); err == nil && closed {
				err = broken(at, "a second list of chains")
			}
			above, closed = append(above, len(list)-1), false
		case ',', ')':
			if err = end(at); err == nil && len(above) == 0 {
				err = broken(at, string(c)+" outside of parentheses")
			}
			if closed = c == ')'; closed && err == nil {
				above = above[:len(above)-1]
			}
		default:
			name += string(c)
		}
		if err != nil {
			return nil, err
		}
	}
	if err = end(len(text)); err == nil && len(above) > 0 {
		err = broken(len(text), "a parenthesis is open")
	}
	return list, err
}

// checkLimbs says what is wrong with the chains that are to be made.
func (s *setup) checkLimbs() {
	seen := map[string]bool{}
	for i, l := range s.limbs {
		switch {
		case seen[l.name]:
			s.fault = fmt.Errorf("two chains have the name %q", l.name)
		case l.name == "" || strings.ContainsAny(l.name, "@ →"):
			s.fault = fmt.Errorf("chain name %q: it must be a word without @", l.name)
		case i == 0 && l.name != "main":
			s.fault = fmt.Errorf("the root of the tree is called %q: it must be main", l.name)
		}
		seen[l.name] = true
	}
	if n := len(s.limbs) - 1; s.fault == nil && (n < 1 || n >= mostChains) {
		s.fault = fmt.Errorf("%s under the main chain: there must be 1 to %d; without kit.Chains there is the main chain alone", plural(n, "chain"), mostChains-1)
	}
}
