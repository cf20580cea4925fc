package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/consensus/order"
)

func (a *app) newOrder() *cobra.Command {
	cmd := a.group("order", "Judge orders (σ) written by hand", "")
	cmd.AddCommand(a.newOrderCheck())
	return cmd
}

// verdict is the answer to one case.
type verdict struct {
	Name    string   `json:"name"`
	Verdict string   `json:"verdict"`
	Cycle   []string `json:"cycle,omitempty"`
	Witness string   `json:"witness,omitempty"`
	// Expected is what the case states, if that is something else.
	Expected string `json:"expected,omitempty"`
}

func (a *app) newOrderCheck() *cobra.Command {
	cmd := a.command("check FILE.json", "Say of each order in a file whether it can have happened", func(_ *cobra.Command, args []string) error {
		content, err := readInput(a.In, args[0], order.MaxCasesBytes)
		if err != nil {
			return err
		}
		cases, err := order.ParseCases(content)
		if err != nil {
			return failed("bad_file", "%s: %v", args[0], err).do("a case is {\"name\", \"inputs\", \"external\", \"sigma\", \"verdict\"}")
		}
		return a.judge(cases)
	})
	cmd.Long = `Read a list of cases, or a single one, and print a verdict for each: ok, or what makes the order impossible, with the
messages that witness it. FILE.json may be - for standard input. A case is

  {"name": "reply before the request", "inputs": ["a"], "external": [],
   "sigma": {"1": [["c", ["b2"]], ["a", ["b"]]], "2": [["b", ["c"]], ["b2", []]]}, "verdict": "cycle"}

where sigma lists for each account what it received, in order, and what each handling sent. The exit code is 1 if a case
states another verdict than the one found.`
	cmd.ValidArgsFunction = nil
	return cmd
}

// judge prints the verdict on each case.
func (a *app) judge(cases []order.Case) error {
	wrong := 0
	t := table{}
	for i, c := range cases {
		found := c.Check()
		v := verdict{Name: c.Name, Verdict: found.Verdict, Cycle: found.Cycle, Witness: found.Witness}
		if c.Verdict != "" && c.Verdict != v.Verdict {
			v.Expected = c.Verdict
			wrong++
		}
		if a.asJSON {
			if err := a.object(v); err != nil {
				return err
			}
			continue
		}
		t.add(v.row(i)...)
	}
	a.print("%s", t.String())
	if wrong > 0 {
		return failed("verdict_differs", "verdicts that differ from those stated (%d of %d)", wrong, len(cases)).
			do("compare the witness with the case")
	}
	return nil
}

func (v verdict) row(index int) []string {
	name := v.Name
	if name == "" {
		name = fmt.Sprintf("case %d", index)
	}
	mark := "✗"
	if v.Verdict == order.VerdictOK {
		mark = "✓"
	}
	text := v.Witness // begins with the verdict
	if text == "" {
		text = v.Verdict
	}
	if v.Expected != "" {
		mark, text = "!", fmt.Sprintf("%s, but the case states %q", text, v.Expected)
	}
	return []string{mark, name, text}
}

// readInput reads a whole file, or standard input for -, up to a limit.
func readInput(stdin io.Reader, path string, limit int64) ([]byte, error) {
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, failed("no_file", "%v", err).do("name a file that can be read, or - for standard input")
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	content, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, failed("too_large", "%s: more than %d bytes", path, limit).do("split it")
	}
	return content, nil
}
