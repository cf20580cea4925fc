package order

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the scripts in testdata print instead of comparing with it")

// TestScripts runs testdata/*.txt. A script is a list of blocks; each is lines, "----", and what Check says, up to a blank
// line. What is not declared is an external message if nobody sends it, else an internal relay.
//
//	order A: m1 m2      what account A processed
//	sent m1: p q        what the handling of m1 sent
//	input x             an external message, maybe not processed
//	carried c: B -> A   a message of the pending queue, in its order
//	imported r: Z -> A  a relay from another chain
//	internal p -> B     a relay of this block that goes to B, maybe not processed by B
//	leaving p q         relays of this block to another chain
//	check               or "check, carry out"
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatal(len(files), "scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for text := string(b); text != ""; {
		in, rest, found := strings.Cut(text, "\n----\n")
		if !found {
			t.Fatalf("%s ends without ----: %q", file, text)
		}
		if text = rest; !strings.HasPrefix(rest, "\n") { // a new script has nothing there yet
			_, text, found = strings.Cut(rest, "\n\n")
		} else {
			text = rest[1:]
		}
		s, err := readScript(in)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		fmt.Fprintf(&out, "%s\n----\n%s", in, s.run())
		if found {
			out.WriteByte('\n')
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if out.String() != string(b) {
		t.Errorf("%s prints\n%s\nread the difference, then: go test ./consensus/order -run TestScripts -update", file, out.String())
	}
}

// script is one block by names.
type script struct {
	translation
	accounts []string
	events   map[string]*[]uint32 // by message received: what was sent
	received []string             // by sequence and event, space separated
	checker  Checker
}

func readScript(in string) (*script, error) {
	s := &script{translation: translation{number: map[string]uint32{}}, events: map[string]*[]uint32{}}
	var sends [][2]string
	lines := strings.Split(in, "\n")
	slices.SortStableFunc(lines, func(a, b string) int { // declarations first
		return isSigma(a) - isSigma(b)
	})
	for _, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		head, tail, _ := strings.Cut(rest, ": ")
		from, to, _ := strings.Cut(tail, " -> ")
		switch word {
		case "", "#":
		case "order":
			s.account(strings.TrimSuffix(head, ":"))
			s.sigma = append(s.sigma, Sequence{Account: s.account(strings.TrimSuffix(head, ":"))})
			s.received = append(s.received, tail)
		case "sent":
			sends = append(sends, [2]string{head, tail})
		case "input":
			s.declare(rest, Message{Class: External})
		case "leaving":
			s.declare(rest, Message{Class: Leaving})
		case "carried":
			s.declare(head, Message{Carried, s.account(from), s.account(to)})
		case "imported":
			s.declare(head, Message{Imported, s.account(from), s.account(to)})
		case "internal":
			m, to, _ := strings.Cut(rest, " -> ")
			s.declare(m, Message{Class: Internal, To: s.account(to)})
		case "check", "check,":
			if rest == "carry out" {
				s.checker.CarryOut = Allowed
			}
		default:
			return nil, fmt.Errorf("unknown line %q", line)
		}
	}
	return s, s.link(sends)
}

func isSigma(line string) int {
	if strings.HasPrefix(line, "order ") || strings.HasPrefix(line, "sent ") {
		return 1
	}
	return 0
}

// link fills σ: first what is sent, to know the inputs, then the events.
func (s *script) link(sends [][2]string) error {
	isSent := map[string]bool{}
	for _, send := range sends {
		for _, name := range strings.Fields(send[1]) {
			isSent[name] = true
		}
	}
	for i := range s.sigma {
		for _, name := range strings.Fields(s.received[i]) {
			msg := Message{Class: External}
			if isSent[name] {
				msg = Message{Class: Internal, To: s.sigma[i].Account}
			}
			s.sigma[i].Events = append(s.sigma[i].Events, Event{Received: s.message(name, msg)})
		}
		for e := range s.sigma[i].Events {
			ev := &s.sigma[i].Events[e]
			s.events[s.names[ev.Received]] = &ev.Sent
		}
	}
	for _, send := range sends {
		sent := s.events[send[0]]
		if sent == nil {
			return fmt.Errorf("%s sends, but is not processed", send[0])
		}
		for _, name := range strings.Fields(send[1]) {
			*sent = append(*sent, s.message(name, Message{Class: Internal, To: s.account("nobody")}))
		}
	}
	s.checker.Accounts = len(s.accounts)
	return nil
}

func (s *script) declare(names string, msg Message) {
	for _, name := range strings.Fields(names) {
		s.message(name, msg)
	}
}

func (s *script) account(name string) uint32 {
	if !slices.Contains(s.accounts, name) {
		s.accounts = append(s.accounts, name)
	}
	return uint32(slices.Index(s.accounts, name))
}

func (s *script) run() string {
	nameMessage := func(m uint32) string { return s.names[m] }
	result, fault := s.checker.Check(s.messages, s.sigma)
	if fault != nil {
		return fault.Describe(nameMessage, func(a uint32) string { return s.accounts[a] }) + "\n"
	}
	var b strings.Builder
	b.WriteString("ok:")
	for _, p := range result.Order {
		b.WriteString(" " + nameMessage(s.sigma[p.Sequence].Events[p.Event].Received))
	}
	if len(result.CarriedOut) > 0 {
		b.WriteString("\ncarried out: " + strings.Join(names(result.CarriedOut, nameMessage), " "))
	}
	return b.String() + "\n"
}
