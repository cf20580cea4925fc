package cli

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// table is rows of cells, drawn in columns that are as wide as they must be.
type table struct {
	rows  [][]string
	right map[int]bool // columns of numbers
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// numbers makes columns, counted from 0, end where the widest does.
func (t *table) numbers(columns ...int) {
	t.right = make(map[int]bool)
	for _, c := range columns {
		t.right[c] = true
	}
}

// String is the table with a line per row.
func (t *table) String() string {
	if len(t.rows) == 0 {
		return ""
	}
	return strings.Join(t.lines(), "\n") + "\n"
}

// lines are the rows without line ends.
func (t *table) lines() []string {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var lines []string
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.right[i] {
				line.WriteString(gap + cell + "  ")
			} else {
				line.WriteString(cell + gap + "  ")
			}
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return lines
}

// quoteTOML is a basic string of TOML.
func quoteTOML(s string) string { return strconv.Quote(s) }

// count is a number with its noun: 1 block, 2 blocks.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// short is a large number in at most five signs: 5200 is 5.2k.
func short(n uint64) string {
	units := []string{"", "k", "M", "G", "T", "P", "E"}
	f, i := float64(n), 0
	for f >= 999.5 && i < len(units)-1 {
		f /= 1000
		i++
	}
	if i == 0 || f >= 99.95 {
		return fmt.Sprintf("%.0f%s", f, units[i])
	}
	return fmt.Sprintf("%.1f%s", f, units[i])
}
