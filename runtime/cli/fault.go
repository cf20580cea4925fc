package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/thinkey/thinkey/sdk/keys/keyfile"
)

// Exit codes (U1).
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitRefused     = 4
	exitTimeout     = 5
)

// fault is how a command ends that did not do what it was asked for: what is wrong, with the value, and what is allowed;
// then what to do.
type fault struct {
	exit  int
	code  string
	words string
	hint  string
	cause error
}

// Error is the words and the hint.
func (f *fault) Error() string {
	if f.hint == "" {
		return f.words
	}
	return f.words + "; " + f.hint
}

// Unwrap is the error that made the command end.
func (f *fault) Unwrap() error { return f.cause }

// do adds what the user can do.
func (f *fault) do(format string, args ...any) *fault {
	f.hint = fmt.Sprintf(format, args...)
	return f
}

// usage is a mistake in what was typed or configured.
func usage(format string, args ...any) *fault {
	return &fault{exit: exitUsage, code: "usage", words: fmt.Sprintf(format, args...)}
}

// failed is a command that could not do what it was asked for.
func failed(code, format string, args ...any) *fault {
	return &fault{exit: exitFailed, code: code, words: fmt.Sprintf(format, args...)}
}

// classify makes a fault of any error, and adds a hint where it knows one.
func classify(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	if f = classifyClient(err); f != nil {
		return f
	}
	f = &fault{exit: exitFailed, code: "failed", words: err.Error(), cause: err}
	for _, known := range []struct {
		err  error
		code string
		hint string
	}{
		{keyfile.ErrNotFound, "key_not_found", "list the keys with: thinkey key list"},
		{keyfile.ErrExists, "key_exists", "choose another name"},
		{keyfile.ErrPassword, "wrong_password", "try the password again, or import the key anew"},
		{keyfile.ErrNoTerminal, "no_terminal", "use --password-file FILE or --password-fd N"},
		{keyfile.ErrPasswordEmpty, "empty_password", "write a password of at least one character"},
		{keyfile.ErrPasswordDiffers, "passwords_differ", "type the same password twice"},
	} {
		if errors.Is(err, known.err) {
			f.code, f.hint = known.code, known.hint
			return f
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		f.exit, f.code = exitTimeout, "timeout"
	case errors.Is(err, context.Canceled):
		f.code, f.words = "interrupted", "interrupted"
	}
	return f
}

// report prints a fault on standard error: a line for people, an object for programs.
func (a *app) report(f *fault) {
	if a.asJSON {
		var object struct {
			Error struct {
				Code    string `json:"code"`
				Message string `json:"message"`
				Hint    string `json:"hint,omitempty"`
			} `json:"error"`
		}
		object.Error.Code, object.Error.Message, object.Error.Hint = f.code, f.words, f.hint
		line, _ := json.Marshal(object) // of strings: can't fail
		fmt.Fprintf(a.Err, "%s\n", line)
		return
	}
	var lines []string // what strangers wrote may be part of the words, and a compiler's lines, with tabs
	for line := range strings.Lines(strings.TrimSpace(f.Error())) {
		lines = append(lines, printable(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")))
	}
	fmt.Fprintf(a.Err, "error: %s\n", strings.Join(lines, "\n"))
}
