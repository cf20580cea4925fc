package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vectors are those of consensus/order.
func vectors(t *testing.T) string {
	t.Helper()
	path := filepath.Join("..", "..", "consensus", "order", "testdata", "order_graph.json")
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOrderCheckVectors(t *testing.T) {
	a := run(t, t.TempDir(), "order", "check", vectors(t), "--json")
	if a.code != exitOK || a.err != "" {
		t.Fatalf("exit code %d: %s", a.code, a.err)
	}
	content, err := os.ReadFile(vectors(t))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Name, Verdict string }
	if err := json.Unmarshal(content, &cases); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(a.out), "\n")
	if len(lines) != len(cases) {
		t.Fatalf("%d lines for %d cases", len(lines), len(cases))
	}
	for i, line := range lines {
		var v verdict
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		if v.Name != cases[i].Name || v.Verdict != cases[i].Verdict || (v.Verdict == "cycle") != (len(v.Cycle) > 1) {
			t.Errorf("case %+v: %+v", cases[i], v)
		}
	}
	golden(t, "order.golden", run(t, t.TempDir(), "order", "check", vectors(t)).out)
}

const oneCase = `{"name": "swapped", "inputs": ["x", "y"], "sigma": {"1": [["q", []], ["x", ["p"]]], "2": [["p", []], ["y", ["q"]]]}, "verdict": %q}`

// A verdict other than the stated one is exit code 1, after all cases were judged.
func TestOrderCheckDiffers(t *testing.T) {
	single := func(verdict string) string { return strings.Replace(oneCase, "%q", `"`+verdict+`"`, 1) }
	home := t.TempDir()
	env := []string{"THINKEY_CONFIG=" + emptyConfig(t, home)}
	if a := runWith(t, env, single("cycle"), "order", "check", "-"); a.code != exitOK || !strings.Contains(a.out, "✗  swapped  cycle: ") {
		t.Errorf("%+v", a)
	}
	a := runWith(t, env, "["+single("ok")+","+single("cycle")+"]", "order", "check", "-")
	if a.code != exitFailed || strings.Count(a.out, "\n") != 2 || !strings.Contains(a.out, `but the case states "ok"`) || !strings.Contains(a.err, "1 of 2") {
		t.Errorf("%+v", a)
	}
	a = runWith(t, env, single("ok"), "order", "check", "-", "--json")
	if a.code != exitFailed || !strings.Contains(a.out, `"expected":"ok"`) {
		t.Errorf("%+v", a)
	}
}

func TestOrderCheckBadFile(t *testing.T) {
	home := t.TempDir()
	env := []string{"THINKEY_CONFIG=" + emptyConfig(t, home)}
	for in, says := range map[string]string{
		"": "wrong shape", "{}": "sigma", `{"name":1}`: "name", `{"sigma":{},"sigmas":1}`: "unknown field",
		string(bytes.Repeat([]byte(" "), 16<<20+1)): "more than",
	} {
		if a := runWith(t, env, in, "order", "check", "-"); a.code != exitFailed || !strings.Contains(a.err, says) {
			t.Errorf("%.40q: exit code %d, %s", in, a.code, a.err)
		}
	}
	if a := runWith(t, env, "", "order", "check", filepath.Join(home, "none.json")); a.code != exitFailed || !strings.Contains(a.err, "none.json") {
		t.Errorf("%+v", a)
	}
}
