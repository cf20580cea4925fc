package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const (
	// Of a terminal: another screen, that scrolls nothing away; its upper left corner; the rest of a line, and of the screen, emptied.
	screenOther = "\x1b[?1049h\x1b[?25l"
	screenBack  = "\x1b[?25h\x1b[?1049l"
	screenHome  = "\x1b[H"
	lineRest    = "\x1b[K\n"
	screenRest  = "\x1b[J"
)

func (a *app) newTop() *cobra.Command {
	every, once := time.Second, false
	cmd := a.command("top", "Watch all nodes of a network", func(cmd *cobra.Command, _ []string) error {
		if every < 100*time.Millisecond || every > time.Hour {
			return usage("--every (%s)", every).do("write a time from 100ms to 1h, such as 1s")
		}
		v, err := a.lookAround(cmd.Context())
		if err != nil || once {
			if err == nil {
				err = a.frame(v, nil)
			}
			return err
		}
		return a.watchCluster(cmd, v, every)
	})
	cmd.Long = `Show what thinkey cluster status shows, again and again, with the blocks that each chain makes in a second, until Ctrl-C. On a terminal the screen is drawn
anew each time; else, and with --json, one frame follows the other. A node that doesn't answer any more is said, and asked again.`
	cmd.Flags().DurationVar(&every, "every", every, "how often")
	cmd.Flags().BoolVar(&once, "once", false, "show one frame, and end")
	return cmd
}

// watchCluster draws frames until the user ends it.
func (a *app) watchCluster(cmd *cobra.Command, v *clusterView, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	if isTerminal(a.Out) && !a.asJSON {
		a.print("%s", screenOther)
		defer a.print("%s", screenBack)
	}
	var last *clusterView
	for {
		if err := a.frame(v, last); err != nil {
			return err
		}
		select {
		case <-cmd.Context().Done():
			return nil
		case <-tick.C:
		}
		now, err := a.lookAround(cmd.Context())
		if cmd.Context().Err() != nil {
			return nil
		}
		if err != nil {
			if err := a.unseen(err); err != nil {
				return err
			}
			continue
		}
		last, v = v, now
	}
}

// unseen says why there is no view: in place of it on a terminal, else beside the frames.
func (a *app) unseen(why error) error {
	f := classify(why)
	if a.asJSON || !isTerminal(a.Out) {
		a.report(f)
		return nil
	}
	return a.draw("error: " + printable(f.words) + "\n" + printable(f.hint) + "\n")
}

// frame shows a view, and how much has happened since the last.
func (a *app) frame(v, last *clusterView) error {
	if a.asJSON {
		return a.object(v)
	}
	return a.draw(v.at.Format(time.TimeOnly) + "  " + v.String() + v.pace(last))
}

// pace has a line for each chain that made blocks since the last view.
func (v *clusterView) pace(last *clusterView) (text string) {
	if last == nil {
		return ""
	}
	for i, c := range v.Chains {
		if i < len(last.Chains) && c.Height > last.Chains[i].Height {
			rate := float64(c.Height-last.Chains[i].Height) / v.at.Sub(last.at).Seconds()
			text += fmt.Sprintf("chain %d makes %.1f blocks a second\n", c.Chain, rate)
		}
	}
	return text
}

// draw puts text where the last stood, on a terminal; else below it.
func (a *app) draw(text string) error {
	if isTerminal(a.Out) {
		text = screenHome + strings.ReplaceAll(text, "\n", lineRest) + screenRest
	}
	_, err := fmt.Fprint(a.Out, text)
	return err
}
