package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) newConfig() *cobra.Command {
	cmd := a.group("config", "Show the configuration", "")
	cmd.AddCommand(a.newConfigShow(), a.newConfigPath())
	return cmd
}

// settingValue is a setting with where it comes from.
type settingValue struct {
	Key    string `json:"key"`
	Value  any    `json:"value"` // a list of some
	Origin string `json:"origin,omitempty"`
}

func (a *app) newConfigShow() *cobra.Command {
	home, origin := "", false
	cmd := a.command("show", "Print every setting", func(*cobra.Command, []string) error {
		s := a.settings
		if home != "" {
			var err error
			if s, err = loadNodeSettings(nodeHome(home), a.Environ, nil); err != nil {
				return err
			}
			if _, err := s.nodeConfig(); err != nil {
				return err
			}
		}
		return a.showSettings(s, origin)
	})
	cmd.Long = `Print every setting of this program, or with --home the configuration of a node. Each is what stands in the file, unless the environment says otherwise,
unless a flag does: THINKEY_VALID_FOR and --valid-for say valid-for; of a node THINKEY_NODE_KEEP_STATES and, of thinkey node start, --keep-states say keep-states.`
	cmd.Example = "  thinkey config show --origin\n  thinkey config show --home ./node --origin"
	cmd.Flags().StringVar(&home, "home", "", "directory of a node: print its configuration, as it would start now without flags")
	cmd.Flags().BoolVar(&origin, "origin", false, "say where each comes from: default, file, environment, flag")
	return cmd
}

func (a *app) showSettings(s *settings, origin bool) error {
	t := table{}
	for _, k := range s.known {
		v := settingValue{Key: k.key, Value: s.merged.Get(k.key)}
		if origin {
			v.Origin = s.origin[k.key]
		}
		if a.asJSON {
			if err := a.object(v); err != nil {
				return err
			}
			continue
		}
		row := []string{k.key, "= " + wordTOML(v.Value)}
		if origin {
			row = append(row, "# "+v.Origin)
		}
		t.add(row...)
	}
	a.print("%s", t.String())
	return nil
}

// wordTOML is a value on the right of a key.
func wordTOML(v any) string {
	switch v := v.(type) {
	case string:
		return quoteTOML(v)
	case []string:
		var list []string
		for _, s := range v {
			list = append(list, quoteTOML(s))
		}
		return "[" + strings.Join(list, ", ") + "]"
	case []int64:
		return strings.ReplaceAll(fmt.Sprint(v), " ", ", ")
	}
	return fmt.Sprint(v)
}

func (a *app) newConfigPath() *cobra.Command {
	cmd := a.command("path", "Print where the configuration file is looked for", func(*cobra.Command, []string) error {
		path := a.sources().path
		_, err := os.Stat(path)
		object := struct {
			Path   string `json:"path"`
			Exists bool   `json:"exists"`
		}{path, err == nil}
		return a.answer(object, func() { a.print("%s\n", path) })
	})
	cmd.PersistentPreRunE = func(*cobra.Command, []string) error { return nil } // it helps where the file is broken
	return cmd
}
