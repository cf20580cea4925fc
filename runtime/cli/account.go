package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

func (a *app) newAccount() *cobra.Command {
	cmd := a.group("account", "Show accounts", "")
	cmd.AddCommand(a.newAccountShow(), a.newAccountList())
	return cmd
}

// accountShown is an account with what its proof was checked against.
type accountShown struct {
	Name string `json:"name,omitempty"`
	client.Account
	Proven    bool        `json:"proven"`
	StateRoot *chain.Hash `json:"state_root,omitempty"`
}

func (a *app) newAccountShow() *cobra.Command {
	noProof := false
	cmd := a.command("show NAME|ADDRESS", "Show an account, with its proof checked", func(cmd *cobra.Command, args []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		b, err := a.openBook(ctx, c)
		if err != nil {
			return err
		}
		who, err := b.find(args[0])
		if err != nil {
			return err
		}
		shown := accountShown{Name: who.name, Proven: !noProof}
		if noProof {
			shown.Account, err = c.Account(ctx, who.address)
		} else {
			err = shown.prove(ctx, c, who.address)
		}
		if err != nil {
			return err
		}
		return a.answer(shown, func() { a.printAccount(&shown) })
	})
	cmd.Flags().BoolVar(&noProof, "no-proof", false, "take the node's word for it")
	return cmd
}

// prove asks for the account with a proof, which the client checks, and keeps the root that it leads to.
func (s *accountShown) prove(ctx context.Context, c *client.Client, address chain.Address) error {
	var err error
	if s.Account, err = c.ProvenAccount(ctx, address); err != nil {
		return err
	}
	_, header, err := s.Proof.Open(address)
	if err != nil {
		return err
	}
	s.StateRoot = &header.Roots.State
	return nil
}

func (a *app) printAccount(s *accountShown) {
	if a.quiet {
		a.print("%s\n", s.Balance)
		return
	}
	t := table{}
	if s.Name != "" {
		t.add("name", s.Name)
	}
	t.add("address", s.Address.String())
	if !s.Exists {
		t.add("exists", "no: nobody has paid it yet")
	}
	t.add("balance", s.Balance.String())
	if !s.Deposit.IsZero() {
		t.add("deposit", s.Deposit.String())
	}
	t.add("nonce", fmt.Sprint(s.Nonce))
	if s.Waiting > 0 {
		t.add("waiting", count(s.Waiting, "message"))
	}
	if s.Code != (chain.CodeHash{}) {
		t.add("code", s.Code.String())
		if s.Immutable {
			t.add("immutable", "yes: it keeps this code for good")
		}
		t.add("storage", count(int(s.StorageBytes), "byte"))
	}
	a.print("%s", t.String())
	if s.StateRoot != nil {
		a.print("proven at height %d against state root %s\n", s.Height, s.StateRoot)
	} else {
		a.print("not proven: as the node says at height %d\n", s.Height)
	}
}

// accountListed is an account whose key can be had here.
type accountListed struct {
	Name    string        `json:"name"`
	Source  string        `json:"source"` // dev or key
	Address chain.Address `json:"address"`
	Balance chain.Amount  `json:"balance"`
	Nonce   uint64        `json:"nonce"`
	Exists  bool          `json:"exists"`
}

func (a *app) newAccountList() *cobra.Command {
	return a.command("list", "List the accounts whose keys are here, with their balances", func(cmd *cobra.Command, _ []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		b, err := a.openBook(ctx, c)
		if err != nil {
			return err
		}
		t := table{}
		t.numbers(2)
		for _, p := range b.parties {
			account, err := c.Account(ctx, p.address)
			if err != nil {
				return err
			}
			listed := accountListed{p.name, p.source, p.address, account.Balance, account.Nonce, account.Exists}
			if a.asJSON {
				if err := a.object(listed); err != nil {
					return err
				}
				continue
			}
			t.add(p.name, p.source, account.Balance.String(), p.address.String())
		}
		a.print("%s", t.String())
		return nil
	})
}
