// Package docs holds the pages for users, and holds them to the code: only tests import it.
package docs

import (
	_ "embed"
	"strings"
	"testing"
)

//go:embed LIMITS.md
var limits string

// Limit fails a test unless the table of limits has a row with this number.
func Limit(t testing.TB, row, number string) {
	t.Helper()
	_, rest, ok := strings.Cut(limits, "\n| "+row+" | ")
	if says, _, _ := strings.Cut(rest, " |"); !ok || says != number {
		t.Errorf("LIMITS.md: %s: the table says %q, and the code %q", row, says, number)
	}
}
