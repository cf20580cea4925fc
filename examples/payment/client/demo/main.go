// Command demo shows the whitepaper's payment example on live networks: it starts a fresh one for each case, plays the case,
// and compares σ and balances with the paper.
//
//	go run ./examples/payment/client/demo --bin bin/thinkey          the example as the paper tells it, and over two and three chains
//	go run ./examples/payment/client/demo --bin bin/thinkey --all    its other possible order and its failing payment as well
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/thinkey/thinkey/examples/payment/client"
)

func main() {
	bin := flag.String("bin", "bin/thinkey", "the program thinkey")
	all := flag.Bool("all", false, "play the other cases as well")
	tries := flag.Int("tries", 20, "how often to try for an order before the messages get a block each")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := demo(ctx, options{*bin, *all, *tries}, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type options struct {
	bin   string
	all   bool
	tries int
}

// demo plays the first case, or all.
func demo(ctx context.Context, o options, out io.Writer) error {
	cases, err := client.Cases()
	if err != nil {
		return err
	}
	if !o.all {
		cases = cases[:1]
	}
	for i := range cases {
		fmt.Fprintf(out, "%s\n%s\n", cases[i].Name, strings.Repeat("─", len([]rune(cases[i].Name))))
		if err := show(ctx, o, &cases[i], out); err != nil {
			return fmt.Errorf("%s: %w", cases[i].Name, err)
		}
		fmt.Fprint(out, "✓ as the paper says\n\n")
	}
	for i := range client.Journeys {
		if err := acrossChains(ctx, &client.Journeys[i], o.bin, out); err != nil {
			return err
		}
	}
	return nil
}

// show plays a case until the accounts take the order it wants. They are live and run at once: nobody tells them which. Every
// other network has one core only, where accounts take turns: there Alice, whose message came first, mostly pays Bob before
// he pays Charlie.
func show(ctx context.Context, o options, c *client.Case, out io.Writer) error {
	for try := range o.tries {
		var told bytes.Buffer
		oneCore := try%2 == 1
		err := onFreshNetwork(ctx, place{o.bin, oneCore}, c, func(node string) error { return c.Run(ctx, node, &told) })
		if errors.Is(err, client.ErrOtherOrder) {
			continue
		}
		if try > 0 {
			fmt.Fprintf(out, "Fresh networks before this one, where the accounts took another order, which is possible too: %d\n", try)
		}
		if oneCore {
			fmt.Fprintln(out, "This one runs on one core.")
		}
		_, _ = told.WriteTo(out)
		return err
	}
	fmt.Fprintf(out, "On %d fresh networks the accounts took another order, which is possible too. Now each message gets a block of its own.\n", o.tries)
	return onFreshNetwork(ctx, place{bin: o.bin}, c, func(node string) error { return c.RunInTurn(ctx, node, out) })
}
