package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Streams are what a command has to do with the process it runs in.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Environ  []string
}

// System are the streams of this process.
func System() Streams {
	return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()}
}

// app is one run of the program: its streams, and what flags and configuration say. Commands are methods of it.
type app struct {
	Streams
	asJSON   bool // answer in JSON
	quiet    bool
	config   string // as the flag says
	network  string // directory of a test network, of which any node that answers is meant
	settings *settings
	log      *slog.Logger
}

// Main runs the command in the arguments of this process and ends the process with its exit code (U1).
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Once a signal was taken the next one ends the process at once: whoever waits too long for a clean end can have it.
	context.AfterFunc(ctx, stop)
	os.Exit(Run(ctx, os.Args[1:], System()))
}

// Run runs one command and returns its exit code.
func Run(ctx context.Context, args []string, streams Streams) int {
	streams.In = interruptible{ctx, streams.In}
	a := &app{Streams: streams}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if slices.Contains(args, "--json") { // a flag before it may be the mistake
		a.asJSON = true
	}
	f := classify(err)
	a.report(f)
	return f.exit
}

// interruptible is standard input whose reads end with ctx. The read below does not, and is left alone: the process ends.
type interruptible struct {
	ctx context.Context
	in  io.Reader
}

// Read implements io.Reader.
func (r interruptible) Read(b []byte) (int, error) {
	type read struct {
		bytes []byte
		err   error
	}
	done := make(chan read, 1)
	go func() {
		own := make([]byte, len(b))
		n, err := r.in.Read(own)
		done <- read{own[:n], err}
	}()
	select {
	case d := <-done:
		return copy(b, d.bytes), d.err
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
}

// prepare reads the configuration and sets up logging, before the command runs.
func (a *app) prepare(cmd *cobra.Command, _ []string) error {
	src := a.sources()
	for _, k := range allSettings {
		if flag := cmd.Flags().Lookup(k.key); flag != nil && flag.Changed {
			src.flags[k.key] = flag.Value.String()
		}
	}
	var err error
	if a.network != "" {
		if src.flags["node"], err = liveNode(cmd.Context(), a.network); err != nil {
			return err
		}
	}
	if a.settings, err = loadSettings(src); err != nil {
		return err
	}
	a.log = slog.New(logLines(a.Err, a.settings.level()))
	return nil
}

// sources says where the configuration is.
func (a *app) sources() sources {
	src := sources{known: allSettings, environ: a.Environ, prefix: envPrefix, except: []string{envConfig + "=", envNodePrefix}, flags: make(map[string]string), path: a.config, named: a.config != ""}
	if !src.named {
		src.path = a.getenv(envConfig)
		src.named = src.path != ""
	}
	if !src.named {
		src.path = expandHome("~/.thinkey/config.toml")
	}
	src.path = filepath.Clean(src.path)
	return src
}

func (a *app) getenv(name string) string {
	for _, pair := range slices.Backward(a.Environ) { // the last of a name counts, as in the process
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// logLines writes text for people and JSON for programs.
func logLines(w io.Writer, level slog.Level) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	if isTerminal(w) {
		return slog.NewTextHandler(w, options)
	}
	return slog.NewJSONHandler(w, options)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// print writes what was asked for.
func (a *app) print(format string, args ...any) { fmt.Fprintf(a.Out, format, args...) }

// say writes what a person may like to know beside it.
func (a *app) say(format string, args ...any) {
	if !a.quiet && !a.asJSON {
		fmt.Fprintf(a.Out, format, args...)
	}
}

// object writes one JSON object on a line of its own (U2).
func (a *app) object(v any) error {
	e := json.NewEncoder(a.Out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// answer is object with --json, and otherwise what text prints.
func (a *app) answer(v any, text func()) error {
	if a.asJSON {
		return a.object(v)
	}
	text()
	return nil
}
