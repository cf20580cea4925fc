package cli

import (
	"bytes"
	"fmt"
	"slices"
)

// plot draws the measurements of more and more chains: on the left the CPU per payment, on the right ψ and the speed-up, against the
// one that would be ideal.
func (r *scaleResult) plot() []byte {
	var b bytes.Buffer
	fmt.Fprint(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="420" font-family="sans-serif" font-size="12">`+"\n")
	fmt.Fprint(&b, `<rect width="100%" height="100%" fill="white"/>`+"\n")
	xs := make([]float64, len(r.Counts))
	for i, k := range r.Counts {
		xs[i] = float64(k)
	}
	panel{left: 60, title: "CPU per payment, µs (all chains together)", most: 1.15 * slices.Max(r.CPU)}.draw(&b, xs, line{"measured", "#1f77b4", r.CPU})
	ideal := make([]float64, len(xs))
	for i := range xs {
		ideal[i] = xs[i] / xs[0]
	}
	panel{left: 510, title: "times the payments of one chain", most: 1.05 * slices.Max(ideal)}.draw(&b, xs,
		line{"ideal", "#bbbbbb", ideal}, line{"ψ(k), measured", "#d62728", r.Psi}, line{"speed-up that p allows", "#2ca02c", r.Speedup})
	fmt.Fprint(&b, "</svg>\n")
	return b.Bytes()
}

// panel is one diagram of a plot; most is the top of its scale.
type panel struct {
	left  float64
	title string
	most  float64
}

// line is a series of values.
type line struct {
	name, color string
	values      []float64
}

const (
	panelWidth, panelHeight = 350.0, 300.0
	panelTop                = 50.0
)

// draw draws the lines over xs, which begin and end where the panel does.
func (p panel) draw(b *bytes.Buffer, xs []float64, lines ...line) {
	bottom := panelTop + panelHeight
	x := func(v float64) float64 { return p.left + panelWidth*v/xs[len(xs)-1] }
	y := func(v float64) float64 { return bottom - panelHeight*v/p.most }
	fmt.Fprintf(b, `<text x="%.0f" y="30" font-weight="bold">%s</text>`+"\n", p.left, p.title)
	for i := range 6 {
		v := p.most * float64(i) / 5
		fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dddddd"/>`, p.left, y(v), p.left+panelWidth, y(v))
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="end">%.3g</text>`+"\n", p.left-6, y(v)+4, v)
	}
	for _, v := range xs {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle">%g</text>`+"\n", x(v), bottom+18, v)
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle">chains</text>`+"\n", p.left+panelWidth/2, bottom+38)
	for i, l := range lines {
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, l.color)
		for j, v := range l.values {
			fmt.Fprintf(b, "%.1f,%.1f ", x(xs[j]), y(v))
		}
		fmt.Fprint(b, `"/>`+"\n")
		for j, v := range l.values {
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x(xs[j]), y(v), l.color)
		}
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s">%s</text>`+"\n", p.left+12, panelTop+16+16*float64(i), l.color, l.name)
	}
}
