package cli

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newDocs writes the pages of the command line, for the project's own documentation.
func (a *app) newDocs() *cobra.Command {
	cmd := a.command("docs DIR", "Write a page of Markdown for every command", func(cmd *cobra.Command, args []string) error {
		if err := os.MkdirAll(args[0], 0o755); err != nil {
			return err
		}
		root := cmd.Root()
		disableStamps(root)
		pages, err := filepath.Glob(filepath.Join(args[0], "thinkey*.md"))
		if err != nil {
			return err
		}
		for _, page := range pages { // of commands that may be gone
			if err := os.Remove(page); err != nil {
				return err
			}
		}
		title := func(string) string { return "" }
		link := func(page string) string { return strings.ToLower(page) }
		if err := doc.GenMarkdownTreeCustom(root, args[0], title, link); err != nil {
			return err
		}
		a.say("wrote the pages of %d commands to %s\n", countCommands(root), args[0])
		return nil
	})
	cmd.Hidden = true
	return cmd
}

// disableStamps leaves the date out, so that a page changes only with its command.
func disableStamps(cmd *cobra.Command) {
	cmd.DisableAutoGenTag = true
	for _, c := range cmd.Commands() {
		disableStamps(c)
	}
}

func countCommands(cmd *cobra.Command) int {
	n := 1
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && !c.IsAdditionalHelpTopicCommand() {
			n += countCommands(c)
		}
	}
	return n
}
