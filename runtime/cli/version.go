package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version of the program. A build can set another: -ldflags "-X github.com/thinkey/thinkey/runtime/cli.release=1.2.3".
var release = "0.1.0"

// build is what the program knows of how it was made.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // the working tree differed from the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() build {
	b := build{Version: release, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	known, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range known.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func versionLine() string {
	b := thisBuild()
	line := fmt.Sprintf("thinkey %s %s %s", b.Version, b.Go, b.Platform)
	if b.Commit != "" {
		line += " commit " + b.Commit[:min(12, len(b.Commit))]
	}
	if b.Modified {
		line += " (modified)"
	}
	return line
}

func (a *app) newVersion() *cobra.Command {
	return a.command("version", "Print the version", func(*cobra.Command, []string) error {
		return a.answer(thisBuild(), func() { a.print("%s\n", versionLine()) })
	})
}
