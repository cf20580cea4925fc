package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/client"
)

func (a *app) newCommittee() *cobra.Command {
	cmd := a.group("committee", "Show who agrees on the chain's blocks", "")
	cmd.AddCommand(a.newCommitteeShow())
	return cmd
}

func (a *app) newCommitteeShow() *cobra.Command {
	cmd := a.command("show", "Show the seats of the committee, and how many of them decide", func(cmd *cobra.Command, _ []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		k, err := c.Committee(ctx)
		if err != nil {
			return err
		}
		return a.answer(k, func() { a.print("%s", drawCommittee(&k)) })
	})
	return cmd
}

func drawCommittee(c *client.Committee) string {
	t := table{}
	if len(c.Seats) == 0 {
		t.add("committee", fmt.Sprintf("none: one validator runs chain %d", c.Chain))
		return t.String()
	}
	t.add("committee", fmt.Sprintf("of chain %d, epoch %d, at height %d", c.Chain, c.Epoch, c.Height))
	t.add("hash", c.Hash.String())
	t.add("seats", fmt.Sprintf("%d, of which %d may be faulty", len(c.Seats), c.Quorums.Faulty))
	t.add("certificate", fmt.Sprintf("%d seats confirm, or %d prepare (early)", c.Quorums.Certificate, c.Quorums.Early))
	t.add("timeouts", fmt.Sprintf("%d seats end a round", c.Quorums.Timeouts))
	t.add("last proposer", fmt.Sprintf("seat %d", c.Proposer))
	list := table{}
	list.numbers(0)
	list.add("seat", "node", "key")
	for _, s := range c.Seats {
		list.add(fmt.Sprint(s.Seat), s.Node.String(), s.Key.String()[:16]+"…")
	}
	return t.String() + "\n" + list.String()
}

// certificateWords says what made a block final.
func certificateWords(c *client.Certificate) string {
	text := "confirmed"
	if c.Kind == client.Early {
		text = "early, by preparations alone,"
	}
	return fmt.Sprintf("%s in round %d by %s", text, c.Round, seatWords(c.Seats))
}

// seatWords lists seats, runs of them together: "seats 0-2, 5".
func seatWords(seats []int) string {
	var parts []string
	for len(seats) > 0 {
		n := 1
		for n < len(seats) && seats[n] == seats[0]+n {
			n++
		}
		part := fmt.Sprint(seats[0])
		if n > 1 {
			part = fmt.Sprintf("%d-%d", seats[0], seats[n-1])
		}
		parts, seats = append(parts, part), seats[n:]
	}
	return "seats " + strings.Join(parts, ", ")
}
