// Command work is real work without a host: `thinkey bench wasm` runs it with its gas counted and without, and compares the
// times. sdk/rust/sampler has the same in Rust.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/thinkey/thinkey/sdk/guest"
)

// Work is the state: none.
type Work struct{}

// Job is what is to be done.
type Job struct{ Kind, Rounds uint32 }

// do does one of four kinds of work.
func (*Work) do(_ guest.View, in Job) (uint64, error) {
	kinds := []func(uint32) uint64{hash, sorting, text, read}
	if int(in.Kind) >= len(kinds) {
		return 0, guest.Refuse("no such work: %d", in.Kind)
	}
	return kinds[in.Kind](in.Rounds), nil
}

// hash hashes, each time what came of it before.
func hash(rounds uint32) uint64 {
	block := make([]byte, 55)
	for range rounds {
		sum := sha256.Sum256(block)
		copy(block, sum[:])
	}
	return binary.BigEndian.Uint64(block)
}

// sorting sorts a list, again and again, and looks numbers up in it.
func sorting(rounds uint32) (found uint64) {
	numbers := rand.NewPCG(1, 1)
	list := make([]uint32, 2000)
	for range rounds {
		for i := range list {
			list[i] = uint32(numbers.Uint64())
		}
		slices.Sort(list)
		for range 200 {
			at, _ := slices.BinarySearch(list, uint32(numbers.Uint64()))
			found += uint64(at)
		}
	}
	return found
}

// text builds lines of words and numbers, and counts their letters.
func text(rounds uint32) (sum uint64) {
	numbers := rand.NewPCG(2, 2)
	for range rounds {
		var line strings.Builder
		for _, word := range []string{"payment", "of", "to", "the", "holder", "at", "height"} {
			line.WriteString(word)
			line.WriteString(" ")
			line.WriteString(strconv.FormatUint(numbers.Uint64(), 10))
			if strings.Contains(line.String(), "99") {
				line.WriteString(";")
			} else {
				line.WriteString(", ")
			}
		}
		count := map[string]int{}
		for _, word := range strings.Split(line.String(), " ") {
			count[word] += len(word)
		}
		sum += uint64(len(count) + len(line.String()))
	}
	return sum
}

const document = `{"height": 120934, "parent": "9f86d081884c7d65", "accounts": [
  {"name": "alice", "balance": 1000000, "tags": ["first", "with \"quotes\" in it"], "open": true},
  {"name": "bob", "balance": -77, "tags": [], "open": false, "more": {"nested": [1, 2, [3, [4, [5]]]], "none": null}},
  {"name": "caro\u006c", "balance": 31415926, "tags": ["a", "b", "c", "d", "e", "f"], "open": true}],
  "fees": {"gas": 21000, "price": 3, "left": [0, 10, 200, 3000, 40000, 500000, 6000000]}, "final": true}`

// read reads a JSON document into a tree, and writes that again.
func read(rounds uint32) (sum uint64) {
	for range rounds {
		d := reader{text: document}
		v := d.value()
		b := v.write(nil)
		sum += uint64(len(b)) + v.(object)["fees"].(object)["left"].(list).sum()
	}
	return sum
}

// value is a part of a document.
type value interface{ write(to []byte) []byte }

type (
	object map[string]value
	list   []value
	word   string
	number int64
)

func (o object) write(to []byte) []byte {
	to = append(to, '{')
	for i, name := range slices.Sorted(maps.Keys(o)) {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(strconv.AppendQuote(to, name), ':')
		to = o[name].write(to)
	}
	return append(to, '}')
}

func (l list) write(to []byte) []byte {
	to = append(to, '[')
	for i, v := range l {
		if i > 0 {
			to = append(to, ',')
		}
		to = v.write(to)
	}
	return append(to, ']')
}

func (l list) sum() (sum uint64) {
	for _, v := range l {
		if n, ok := v.(number); ok {
			sum += uint64(n)
		}
	}
	return sum
}

func (w word) write(to []byte) []byte { return strconv.AppendQuote(to, string(w)) }

func (n number) write(to []byte) []byte { return strconv.AppendInt(to, int64(n), 10) }

// reader reads a document that is as it should be.
type reader struct {
	text string
	at   int
}

// space is the first letter behind what separates values.
func (r *reader) space() byte {
	for strings.IndexByte(" \n,:", r.text[r.at]) >= 0 {
		r.at++
	}
	return r.text[r.at]
}

func (r *reader) value() value {
	switch c := r.space(); {
	case c == '{':
		return r.object()
	case c == '[':
		l := list{}
		for r.at++; r.space() != ']'; {
			l = append(l, r.value())
		}
		r.at++
		return l
	case c == '"':
		return word(r.quoted())
	default:
		return r.bare()
	}
}

func (r *reader) object() value {
	o := object{}
	for r.at++; r.space() != '}'; {
		name := r.quoted()
		o[name] = r.value()
	}
	r.at++
	return o
}

func (r *reader) quoted() string {
	from := r.at
	for r.at++; r.text[r.at] != '"'; r.at++ {
		if r.text[r.at] == '\\' {
			r.at++
		}
	}
	r.at++
	s, err := strconv.Unquote(r.text[from:r.at])
	if err != nil {
		panic(err)
	}
	return s
}

// bare is a number, or true, false, null.
func (r *reader) bare() value {
	from := r.at
	for strings.IndexByte(" \n,:]}", r.text[r.at]) < 0 {
		r.at++
	}
	if n, err := strconv.ParseInt(r.text[from:r.at], 10, 64); err == nil {
		return number(n)
	}
	return word(r.text[from:r.at])
}

func init() { guest.Serve[Work](guest.Query("work", (*Work).do)) }

func main() {}
