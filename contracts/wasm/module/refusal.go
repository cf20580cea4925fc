package module

import (
	"fmt"
	"strings"
)

// Refusal is why a module is not accepted. It is the fault of who made the module: it says where, what, and what to do.
type Refusal struct {
	Function    int    // in the function index space; -1 if it isn't about a function
	Name        string // of the function, by an export or the name section
	Offset      int    // in the binary; -1 if unknown
	Instruction string // "i32.add"
	What        string // what is wrong
	Instead     string // what to do about it
}

// Error puts it all into one line.
func (r *Refusal) Error() string {
	var s strings.Builder
	s.WriteString("module refused")
	if r.Function >= 0 {
		fmt.Fprintf(&s, " in function %d", r.Function)
		if r.Name != "" {
			fmt.Fprintf(&s, " (%s)", r.Name)
		}
	}
	if r.Offset >= 0 {
		fmt.Fprintf(&s, " at byte %#x", r.Offset)
	}
	s.WriteString(": ")
	if r.Instruction != "" {
		s.WriteString(r.Instruction + ": ")
	}
	s.WriteString(r.What)
	if r.Instead != "" {
		s.WriteString("; " + r.Instead)
	}
	return s.String()
}

// refuse makes a Refusal that is not about a function.
func refuse(offset int, format string, args ...any) *Refusal {
	return &Refusal{Function: -1, Offset: offset, What: fmt.Sprintf(format, args...)}
}

// named adds what the function is called.
func (r *Refusal) named(m *Module) *Refusal {
	if r.Function >= 0 {
		r.Name = m.nameOf(r.Function)
	}
	return r
}

// instead adds what to do.
func (r *Refusal) instead(what string) *Refusal {
	r.Instead = what
	return r
}
