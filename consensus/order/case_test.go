package order

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

func vectors(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/order_graph.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Every vector has the verdict that stands in it, whatever the order of the accounts.
func TestVectors(t *testing.T) {
	cases, err := ParseCases(vectors(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) != 31 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		for range 2 {
			v := c.Check()
			if v.Verdict != c.Verdict || v.Name != c.Name {
				t.Errorf("%s: %s, want %s (%s)", c.Name, v.Verdict, c.Verdict, v.Witness)
			}
			if (v.Verdict == "cycle") != (len(v.Cycle) > 0) || (v.Verdict == VerdictOK) != (v.Witness == "") {
				t.Errorf("%s: witness %+v", c.Name, v)
			}
			for i, from := range v.Cycle {
				if to := v.Cycle[(i+1)%len(v.Cycle)]; !c.hasEdge(from, to) {
					t.Errorf("%s: cycle %v: no edge from %s to %s", c.Name, v.Cycle, from, to)
				}
			}
			slices.Reverse(c.Sigma)
		}
	}
}

// hasEdge says whether the one message is received just before the other by the same account, or its handling sent that.
func (c Case) hasEdge(from, to string) bool {
	for _, seq := range c.Sigma {
		for i, e := range seq.Events {
			if e.Received == from {
				return slices.Contains(e.Sent, to) || i+1 < len(seq.Events) && seq.Events[i+1].Received == to
			}
		}
	}
	return false
}

func TestVerdictJSON(t *testing.T) {
	cases, err := ParseCases([]byte(`{"name": "n", "inputs": ["x"], "sigma": {"2": [["s", []], ["x", ["s"]]], "10": []}}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(cases[0].Check())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"verdict":"cycle","cycle":["s","x"],"name":"n","witness":"cycle: s -2-\u003e x -sent-\u003e s"}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		json string
		err  error
		text string
	}{
		{``, ErrShape, "cases: has the wrong shape"},
		{`7`, ErrShape, "case 0: has the wrong shape: want a case, that is an object, got number 7"},
		{`null`, ErrShape, "got null"},
		{`[{"sigma": {}}, []]`, ErrShape, "case 1: has the wrong shape: want a case, that is an object, got a list"},
		{`{"sigma": {}} {}`, ErrShape, "something stands behind the end"},
		{`[{"sigma": {}}`, ErrShape, "EOF"},
		{`{"name": "a", "inputs": []}`, ErrMissing, `case 0 ("a"): is missing: sigma`},
		{`{"name": "a", "inputs": "x", "sigma": {}}`, ErrShape, `case 0 ("a"): inputs: has the wrong shape: want a list of messages, got text "x"`},
		{`{"name": "a", "inputs": ["x", 5], "sigma": {}}`, ErrShape, `case 0 ("a"): inputs: has the wrong shape: want a message, got number 5`},
		{`{"name": true, "sigma": {}}`, ErrShape, "case 0: name: has the wrong shape: want a text, got true"},
		{`{"name": "a", "name": "b", "sigma": {}}`, ErrDuplicate, `case 0 ("a"): name: is there twice`},
		{`{"sigma": {"A": [], "A": []}}`, ErrDuplicate, `case 0: sigma: account "A": is there twice`},
		{`{"inputs": ["x", "x"], "sigma": {}}`, ErrDuplicate, `message "x" in inputs and in inputs`},
		{`{"inputs": ["x"], "external": ["x"], "sigma": {}}`, ErrDuplicate, `message "x" in inputs and in external`},
		{`{"sigma": {"A": [["x"]]}}`, ErrShape, `account "A": event 0: has the wrong shape: want a list of messages, got the end of the list`},
		{`{"sigma": {"A": [["x", []], ["x", [], []]]}}`, ErrShape, `account "A": event 1: has the wrong shape: want the end of the event, got a list`},
		{`{"sigma": {"A": [["x", [[]]]]}}`, ErrShape, `event 0: has the wrong shape: want a message, got a list`},
		{`{"sigma": null}`, ErrShape, "sigma: has the wrong shape: want an object of accounts, got null"},
		{`{"sigma": {}, "sgima": {}}`, ErrShape, "sgima: has the wrong shape: unknown field"},
		{"{\"name\": \"\xff\", \"sigma\": {}}", ErrShape, "not UTF-8"},
		{strings.Repeat(" ", MaxCasesBytes+1), ErrCasesSize, "16777217 bytes, at most 16777216"},
		{`[` + strings.Repeat(`{"sigma":{}},`, MaxCases) + `{"sigma":{}}]`, ErrCasesSize, "more than 10000 cases"},
		{strings.Repeat(`[`, 1<<20), ErrShape, "case 0"},
	} {
		_, err := ParseCases([]byte(c.json))
		if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%.80s: %v, want %v with %q", c.json, err, c.err, c.text)
		}
	}
}

// FuzzCases: whatever the bytes, parsing and checking return, and the verdict is one that has a name.
func FuzzCases(f *testing.F) {
	f.Add([]byte(`{"sigma": {"A": [["x", ["y"]], ["y", []]]}, "inputs": ["x"]}`))
	f.Add([]byte(`[{"sigma": {"A": [["x", ["x", "p"]]], "B": [["p", []]]}, "external": ["x"]}]`))
	cases, err := ParseCases(vectors(f))
	if err != nil {
		f.Fatal(err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(vectors(f), &raw); err != nil {
		f.Fatal(err)
	}
	for i := range cases {
		f.Add([]byte(raw[i]))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		cases, err := ParseCases(b)
		if err != nil {
			return
		}
		for _, c := range cases {
			v := c.Check()
			if v.Verdict != VerdictOK && !slices.Contains(kindNames[1:], v.Verdict) {
				t.Fatalf("verdict %q", v.Verdict)
			}
		}
	})
}
