package meter

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

var update = flag.Bool("update", false, "write what comes out to the files in testdata instead of comparing with it")

// TestGolden instruments the functions in testdata/*.txt. A file is a list of functions; each is a line
//
//	func params -> result locals [exported] [mark]
//
// then its body, "----", and what becomes of it, up to a blank line. Frames count for 11 words at least; a bucket is 4 KiB.
// Functions are numbered 0 (imported), 1 (this one), 2.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatal(len(files), "files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, part := range strings.Split(strings.TrimSpace(string(b)), "\n\n") {
		in, _, found := strings.Cut(part, "\n----")
		if !found {
			t.Fatalf("no ---- in %q", part)
		}
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s\n----\n%s", in, goldenFunction(t, in))
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if out.String() != string(b) {
		t.Errorf("got\n%s\nwant\n%s", out.String(), b)
	}
}

// goldenFunction instruments one function and prints it.
func goldenFunction(t *testing.T, text string) string {
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	head, body, _ := strings.Cut(text, "\n")
	f := strings.Fields(head)
	if len(f) < 5 || f[0] != "func" || f[2] != "->" {
		t.Fatalf("%q should be: func params -> result locals", head)
	}
	o := Options{MaxStack: 11*maxFrames - 1, MarkShift: 12, Mark: strings.Contains(head, " mark")}
	var names []string
	if strings.Contains(head, " exported") {
		names = []string{"f"}
	}
	m := sample(t, module.FuncType{Params: parse(t, f[1]), Results: parse(t, f[3])}, parse(t, f[4]), assemble(t, body), names...)
	out := instrument(t, m, o)
	l := newLayout(m, o)
	s := disassemble(t, out.Bodies[0].Code, l)
	for _, more := range out.Bodies[0].Locals[len(m.Bodies[0].Locals):] {
		s = fmt.Sprintf("local %s\n%s", more.Type, s)
	}
	for i, made := range out.Bodies[2:] {
		s += fmt.Sprintf("made %d:\n%s", i, disassemble(t, made.Code, l))
	}
	return s
}
