package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/v2"
	"github.com/pelletier/go-toml/v2"
)

// setting is one key of a configuration, with the flag and the environment variable of the same name.
type setting struct {
	key     string
	initial string
	what    string
	check   func(value string) error // of a list: of each that is in it
	form    form
}

// form is how a setting is written.
type form int

const (
	formText    form = iota // a number will do in a file
	formNumber              // in quotes or without
	formTexts               // a list; with commas between in a flag or the environment
	formNumbers             // a list
)

// isList says whether there may be several values.
func (f form) isList() bool { return f == formTexts || f == formNumbers }

// envPrefix stands before a key's name in the environment: THINKEY_NODE is node.
const envPrefix = "THINKEY_"

const (
	// envConfig names the configuration file; it is no key.
	envConfig = envPrefix + "CONFIG"
	// envNodePrefix stands before a key of node.toml in the environment.
	envNodePrefix = envPrefix + "NODE_"
)

var allSettings = []setting{
	{"node", "http://127.0.0.1:7070", "URL of the node to talk to; of several, with commas between, the first that answers", checkURLs, formText},
	{"chain", "", "chain that is meant where none is named, by name or number (default: the node's first under the main one)", nil, formText},
	{"keys", "~/.thinkey/keys", "directory of the key files", checkFilled, formText},
	{"seed", "thinkey-dev", "public seed of the keys of a development network", checkFilled, formText},
	{"timeout", "30s", "how long to wait for a node or for finality", checkTimeout, formText},
	{"valid-for", "1000", "blocks in which a message made here may be processed", checkCount, formText},
	{"log", "warn", "least level of log lines: debug, info, warn, error", checkLevel, formText},
}

func checkFilled(value string) error {
	if value == "" {
		return errors.New("it must not be empty")
	}
	return nil
}

func checkURLs(value string) error {
	for url := range strings.SplitSeq(value, ",") {
		if err := checkURL(url); err != nil {
			return err
		}
	}
	return nil
}

func checkURL(value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("write a URL such as http://127.0.0.1:7070")
	}
	return nil
}

func checkTimeout(value string) error {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 || d > 24*time.Hour {
		return errors.New("write a time up to 24h, such as 30s")
	}
	return nil
}

func checkCount(value string) error {
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil || n == 0 {
		return errors.New("write a whole number from 1 to 4294967295")
	}
	return nil
}

func checkLevel(value string) error {
	var level slog.Level
	if level.UnmarshalText([]byte(value)) != nil || strings.ContainsAny(value, "+-") {
		return errors.New("write debug, info, warn or error")
	}
	return nil
}

// settings are what the layers say together (U6).
type settings struct {
	known  []setting
	merged *koanf.Koanf
	origin map[string]string
}

// sources are where settings come from beside the defaults.
type sources struct {
	known   []setting
	path    string            // of the file; one that was named must be there
	named   bool              // by a flag or the environment
	environ []string          // as os.Environ returns it
	prefix  string            // of the names in it that are meant
	except  []string          // beginnings of names that have the prefix and mean something else
	flags   map[string]string // those that were set
}

// layer is what one source says.
type layer struct {
	name   string
	values map[string]any
}

// ReadBytes implements koanf.Provider.
func (l layer) ReadBytes() ([]byte, error) { return nil, errors.New("a layer is not bytes") }

// Read implements koanf.Provider.
func (l layer) Read() (map[string]any, error) { return l.values, nil }

func loadSettings(src sources) (*settings, error) {
	s := &settings{known: src.known, merged: koanf.New("."), origin: make(map[string]string)}
	file, err := readConfig(src)
	if err != nil {
		return nil, err
	}
	layers := []layer{{"default", map[string]any{}}, file, readEnvironment(src), {"flag", map[string]any{}}}
	for _, k := range src.known {
		layers[0].values[k.key] = k.initial
	}
	for key, value := range src.flags {
		layers[3].values[key] = value
	}
	for _, l := range layers {
		if err := s.add(l); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// add lays a layer over those before it.
func (s *settings) add(l layer) error {
	for _, key := range slices.Sorted(maps.Keys(l.values)) {
		i := slices.IndexFunc(s.known, func(k setting) bool { return k.key == key })
		if i < 0 {
			return s.unknown(l, key)
		}
		k := &s.known[i]
		words, ok := k.words(l.values[key])
		if !ok {
			how := "in quotes"
			if k.form.isList() {
				how = "as a list"
			}
			return usage("setting %s (%v, from %s) has the wrong type; write it %s", key, l.values[key], l.name, how)
		}
		for _, word := range words {
			if k.check == nil {
				continue
			}
			if err := k.check(word); err != nil {
				return usage("setting %s (%q, from %s); %v", key, word, l.name, err)
			}
		}
		l.values[key] = k.typed(words)
		s.origin[key] = l.name
	}
	return s.merged.Load(l, nil)
}

// words are the values that a layer gives: one, or any number if it may be a list.
func (k *setting) words(value any) (list []string, ok bool) {
	if text, isText := value.(string); isText && k.form.isList() {
		return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' }), true
	}
	values, isList := value.([]any)
	if isList != k.form.isList() {
		return nil, false
	}
	if !isList {
		values = []any{value}
	}
	list = []string{}
	for _, v := range values {
		switch v := v.(type) {
		case string:
			list = append(list, v)
		case int64:
			list = append(list, strconv.FormatInt(v, 10))
		default:
			return nil, false
		}
	}
	return list, true
}

// typed are words that were checked, as JSON and TOML write them.
func (k *setting) typed(words []string) any {
	switch k.form {
	case formTexts:
		return words
	case formNumber, formNumbers:
		numbers := []int64{}
		for _, word := range words {
			n, _ := strconv.ParseInt(word, 10, 64) // checked
			numbers = append(numbers, n)
		}
		if k.form == formNumber {
			return numbers[0]
		}
		return numbers
	}
	return words[0]
}

func (s *settings) unknown(l layer, key string) error {
	var known []string
	for _, k := range s.known {
		known = append(known, k.key)
	}
	return usage("unknown setting %s (from %s)", strconv.Quote(key), l.name).
		do("%s", meant("", key, known, "the settings are: "+strings.Join(known, ", ")))
}

// readConfig reads the TOML file; one that nobody named may be missing.
func readConfig(src sources) (layer, error) {
	l := layer{name: "file " + src.path, values: map[string]any{}}
	content, err := os.ReadFile(src.path)
	if errors.Is(err, fs.ErrNotExist) && !src.named {
		return l, nil
	}
	if err != nil {
		return l, usage("configuration file: %v", err).do("write it, or leave out --config and %s", envConfig)
	}
	if err := toml.Unmarshal(content, &l.values); err != nil {
		var where *toml.DecodeError
		if errors.As(err, &where) {
			row, column := where.Position()
			return l, usage("configuration file %s, line %d, column %d: %v", src.path, row, column, err)
		}
		return l, usage("configuration file %s: %v", src.path, err)
	}
	return l, nil
}

// readEnvironment takes what begins with the prefix: a variable that sets nothing is a mistake.
func readEnvironment(src sources) layer {
	l := layer{name: "environment", values: map[string]any{}}
	for _, pair := range src.environ {
		name, value, _ := strings.Cut(pair, "=")
		key, ours := strings.CutPrefix(name, src.prefix)
		if !ours || src.prefix == "" || value == "" { // empty is how scripts unset one
			continue
		}
		if slices.ContainsFunc(src.except, func(other string) bool { return strings.HasPrefix(pair, other) }) {
			continue
		}
		l.values[strings.ReplaceAll(strings.ToLower(key), "_", "-")] = value
	}
	return l
}

func (s *settings) text(key string) string { return s.merged.String(key) }

// nodes are the URLs of the nodes that may be asked, at least one.
func (s *settings) nodes() (list []string) {
	for url := range strings.SplitSeq(s.text("node"), ",") {
		list = append(list, strings.TrimRight(url, "/"))
	}
	return list
}

func (s *settings) timeout() time.Duration { return s.merged.Duration("timeout") }

// validFor is in blocks.
func (s *settings) validFor() uint64 {
	n, _ := strconv.ParseUint(s.text("valid-for"), 10, 32) // checked when it was loaded
	return n
}

func (s *settings) level() (level slog.Level) {
	_ = level.UnmarshalText([]byte(s.text("log"))) // checked when it was loaded
	return level
}

// keyDir is the directory of the key files, with the user's own directory for ~.
func (s *settings) keyDir() string { return expandHome(s.text("keys")) }

func expandHome(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, rest)
}

// meant asks whether one of the words, written behind prefix, was meant, if one is like what was typed; then comes the rest.
func meant(prefix, typed string, words []string, rest string) string {
	if len(words) == 0 {
		return rest
	}
	near := nearest(typed, words)
	if distance(typed, near) > max(2, len(typed)/3) {
		return rest
	}
	return fmt.Sprintf("did you mean %q? %s", prefix+near, strings.ToUpper(rest[:1])+rest[1:])
}

// nearest is the word that needs the fewest changes to become what was typed.
func nearest(typed string, words []string) string {
	return slices.MinFunc(words, func(a, b string) int { return distance(typed, a) - distance(typed, b) })
}

// distance is that of Levenshtein, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
