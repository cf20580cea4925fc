package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newReader is a reader in a directory of their own.
func newReader(t *testing.T) *reader {
	t.Helper()
	home := t.TempDir()
	r := &reader{t: t, home: home, state: filepath.Join(home, ".state")}
	if err := os.WriteFile(r.state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// Every project that `thinkey new` makes builds and tests as its README says, without a network, with the sources of thinkey
// and without them.
func TestProjects(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and tests projects")
	}
	for _, x := range []struct{ flags, commands, shows string }{
		{"--lang rust", "thinkey build\ngo -C test vet ./...\ngo -C test test ./...", "contract        Counter\nok\n"},
		{"--lang rust --source none", "thinkey build", "contract        Counter\n"},
		{"--template token", "go test ./...\nthinkey build", "ok\ncontract        token\n"}, // vetted as the example that it is
		{"--template token --source none", "thinkey build\nthinkey check lot.wasm", "contract        token\n✓ accepted      lot.wasm\n"},
		{"--template token --lang rust", "thinkey build\ngo -C test vet ./...\ngo -C test test ./...", "contract        token\nok\n"},
		{"--template auction --lang rust", allActors + "\ngo -C test vet ./...\ngo -C test test ./...", "contract        auctioneer\ncontract        bidder\nok\n"},
		{"--template auction --lang rust --source none", "thinkey build contract/recorder\nthinkey check contract/recorder/recorder.wasm", "✓ accepted      contract/recorder/recorder.wasm\n"},
	} {
		t.Run(x.flags, func(t *testing.T) {
			r := newReader(t)
			if r.types("case '"+x.flags+"' in *rust*) "+rustIsThere+";; esac") != nil {
				t.Skip("no rustc that makes WebAssembly")
			}
			if err := r.types("thinkey new lot " + x.flags + "\ncd lot\n" + x.commands); err != nil {
				t.Fatal(err)
			}
			r.sees(x.shows)
		})
	}
}

// allActors builds the contracts of the auction, each in its directory.
const allActors = "for actor in auctioneer recorder collector bidder; do thinkey build contract/$actor; done"

// Who follows the README of an auction sells a kitten. The tests in Go are the example's, which run there.
func TestAuctionProject(t *testing.T) {
	if testing.Short() {
		t.Skip("builds contracts")
	}
	t.Parallel()
	for _, language := range []string{"go", "rust"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			r := newReader(t)
			if language == "rust" && r.types(rustIsThere) != nil {
				t.Skip("no rustc that makes WebAssembly")
			}
			if err := r.types("thinkey new lot --template auction --lang " + language + "\ncd lot\ncat README.md"); err != nil {
				t.Fatal(err)
			}
			blocks := fence.FindAllStringSubmatch(r.said, -1)
			if len(blocks) != 2 {
				t.Fatalf("%d blocks of commands", len(blocks))
			}
			if err := r.types(strings.NewReplacer("go test", "go vet", "-C test test", "-C test vet").Replace(blocks[0][3])); err != nil {
				t.Fatal(err)
			}
			r.sees("✓ built\n✓ built\n✓ built\n✓ built\n✓ accepted\ncontract   …uctioneer\n")
			r.background("thinkey dev\n")
			if err := r.types(blocks[1][3]); err != nil {
				t.Fatal(err)
			}
			r.sees("event listed\nbid 12\nbid 15\nbob  add 12\nkitten=tom from=alice to=charlie price=15\nowner …charlie\n")
		})
	}
}

// rustIsThere ends the shell where thinkey build finds no Rust compiler of Debian's; set -e alone doesn't, for what stands before &&.
const rustIsThere = "command -v wasm-ld && ls \"$(/usr/bin/rustc --print target-libdir --target wasm32-unknown-unknown)\"/libcore-* || exit 1"

// A program that was built without paths finds no sources, and writes those that it holds. Only the package that looks for them is
// built so here: -trimpath for the whole program would build all of it a second time.
func TestProjectOfReleasedProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	r := newReader(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("go", "build", "-gcflags=github.com/thinkey/thinkey/runtime/cli=-trimpath="+root+"=>thinkey", "-o", filepath.Join(r.home, "released"), "./runtime/cmd/thinkey")
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := r.types("./released new shop\ncd shop\ngo vet ./...\ngo test ./...\n../released build"); err != nil {
		t.Fatal(err)
	}
	r.sees("the sources of thinkey were not found\nok\n✓ built\ncontract        Counter\n")
}
