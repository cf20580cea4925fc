package cli

import (
	"os"

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
	Value  string `json:"value"`
	Origin string `json:"origin,omitempty"`
}

func (a *app) newConfigShow() *cobra.Command {
	origin := false
	cmd := a.command("show", "Print every setting", func(*cobra.Command, []string) error {
		t := table{}
		for _, k := range allSettings {
			v := settingValue{Key: k.key, Value: a.settings.text(k.key)}
			if origin {
				v.Origin = a.settings.origin[k.key]
			}
			if a.asJSON {
				if err := a.object(v); err != nil {
					return err
				}
				continue
			}
			row := []string{k.key, "= " + quoteTOML(v.Value)}
			if origin {
				row = append(row, "# "+v.Origin)
			}
			t.add(row...)
		}
		a.print("%s", t.String())
		return nil
	})
	cmd.Flags().BoolVar(&origin, "origin", false, "say where each comes from: default, file, environment, flag")
	return cmd
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
