package rust

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

var update = flag.Bool("update", false, "write the templates that are copies of examples")

// copies are templates that are examples, word for word but for what replaced says.
var copies = []struct{ template, example string }{
	{"template/token/src/lib.rs.tmpl", "token/rust/src/lib.rs"},
	{"template/auction/contract/protocol.rs.tmpl", "auction/rust/protocol.rs"},
	{"template/auction/contract/auctioneer/src/lib.rs.tmpl", "auction/rust/auctioneer/src/lib.rs"},
	{"template/auction/contract/bidder/src/lib.rs.tmpl", "auction/rust/bidder/src/lib.rs"},
	{"template/auction/contract/collector/src/lib.rs.tmpl", "auction/rust/collector/src/lib.rs"},
	{"template/auction/contract/recorder/src/lib.rs.tmpl", "auction/rust/recorder/src/lib.rs"},
}

// replaced is what an example says of files beside it, in a project.
func replaced(example, text string) string {
	of, _, _ := strings.Cut(example, "/")
	return strings.NewReplacer(
		"../README.md", "examples/"+of+"/README.md in the sources of thinkey",
		"../contract/protocol", "examples/auction/contract/protocol in the sources of thinkey",
	).Replace(text)
}

// A project begins with what the examples are now.
func TestCopies(t *testing.T) {
	for _, c := range copies {
		example, err := os.ReadFile(filepath.Join("..", "..", "examples", c.example))
		if err != nil {
			t.Fatal(err)
		}
		want := replaced(c.example, string(example))
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

// No method that every account has without code is offered for one of a contract's: nothing would ever reach it.
func TestReserved(t *testing.T) {
	text, err := Files.ReadFile("src/schema.rs")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "const RESERVED: &[&str] = &[")
	list, _, _ = strings.Cut(list, "];")
	want := `"` + strings.Join([]string{
		chain.MethodAdd, chain.MethodBounce, chain.MethodCall, chain.MethodDeploy, chain.MethodPublish, chain.MethodRefund, chain.MethodSetCode,
		chain.MethodTransfer,
	}, `", "`) + `"`
	if list != want {
		t.Errorf("%s are reserved, and every account has %s", list, want)
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
