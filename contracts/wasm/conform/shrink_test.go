package conform

import "slices"

// shrink looks for fewer and smaller choices that still fail, with so many attempts.
func shrink(choices []byte, attempts int, fails func(choices []byte) bool) []byte {
	try := func(c []byte) bool {
		if attempts--; attempts < 0 || !fails(c) {
			return false
		}
		choices = c
		return true
	}
	for before := -1; attempts > 0 && before != weight(choices); {
		before = weight(choices)
		for size := max(1, len(choices)/2); size > 0; size /= 2 {
			for at := len(choices) - size; at >= 0; at -= size {
				if at+size > len(choices) || try(slices.Delete(slices.Clone(choices), at, at+size)) {
					continue
				}
				zeros := slices.Clone(choices)
				clear(zeros[at : at+size])
				if !slices.Equal(zeros, choices) {
					try(zeros)
				}
			}
		}
	}
	return choices
}

// weight is what shrink makes smaller.
func weight(choices []byte) int {
	n := len(choices)
	for _, c := range choices {
		if c != 0 {
			n++
		}
	}
	return n
}
