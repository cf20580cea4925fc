package rust

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the templates that are copies of examples")

// copies are templates that are examples, word for word but for what replaced says.
var copies = []struct{ template, example string }{
	{"template/token/src/lib.rs.tmpl", "../../examples/token/rust/src/lib.rs"},
}

var replaced = strings.NewReplacer("../README.md", "examples/token/README.md in the sources of thinkey")

// A project begins with what the examples are now.
func TestCopies(t *testing.T) {
	for _, c := range copies {
		example, err := os.ReadFile(c.example)
		if err != nil {
			t.Fatal(err)
		}
		want := replaced.Replace(string(example))
		if *update {
			if err := os.WriteFile(c.template, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(c.template); err != nil || string(got) != want {
			t.Errorf("%s is not %s any more (%v); run: make golden", c.template, c.example, err)
		}
	}
}

// What a project needs is embedded, hidden files too.
func TestFiles(t *testing.T) {
	for _, name := range []string{"src/lib.rs", "Cargo.toml", "build.sh", "link.sh", "template/counter/.cargo/config.toml", "template/counter/.gitignore"} {
		if b, err := Files.ReadFile(name); err != nil || len(b) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}
