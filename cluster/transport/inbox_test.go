package transport

import (
	"strings"
	"testing"
)

// What is urgent goes first, but not for ever: one block goes after sixteen votes, and one of the rest after forty of both.
func TestInboxWeights(t *testing.T) {
	in := newInbox()
	vote, other := testKey(1).Public(), testKey(2).Public()
	for range 3 {
		in.put(Blocks, letter{from: other})
		in.put(Rest, letter{from: other})
	}
	var order strings.Builder
	for range 110 {
		in.put(Votes, letter{from: vote}) // there is always one more
		before := in.waiting()
		in.next()
		for c, n := range in.waiting() {
			if n < before[c] {
				order.WriteByte("vbr"[c])
			}
		}
	}
	v := func(n int) string { return strings.Repeat("v", n) }
	want := v(16) + "b" + v(16) + "b" + v(6) + "r" + v(10) + "b" + v(29) + "r" + v(28)
	if got := order.String(); got != want {
		t.Errorf("order\n%s, want\n%s", got, want)
	}
}

// Who waits a while counts from when it has something: a class that comes late doesn't go first for what passed before.
func TestInboxWeightsBegin(t *testing.T) {
	in := newInbox()
	key := testKey(1).Public()
	for range 100 {
		in.put(Votes, letter{from: key})
	}
	for range 50 {
		in.next()
	}
	in.put(Blocks, letter{from: key})
	for i := range 16 {
		in.next()
		if in.waiting()[Blocks] == 0 {
			t.Fatalf("the block goes before vote %d", i)
		}
	}
	if in.next(); in.waiting()[Blocks] != 0 {
		t.Error("the block still waits")
	}
}

// waiting is how much of each class waits.
func (in *inbox) waiting() (n [classes]int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for c := range in.boxes {
		for _, letters := range in.boxes[c] {
			n[c] += len(letters)
		}
	}
	return n
}
