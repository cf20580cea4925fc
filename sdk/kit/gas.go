package kit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

const bounceGas = gas.Bounce

// gasOfDeploy is what an account needs beyond the new account's gas to deploy it.
func gasOfDeploy(in chain.DeployInput) uint64 {
	init := chain.Sent{Method: chain.MethodInit, Input: chain.InitInput{Code: in.Code, Salt: in.Salt, Input: in.Input}.Encode()}
	return exec.SendGas(&init) + bounceGas
}

// gasUse is what handlings used, by method; only those of blocks that a test made, not of set-up or exploration.
type gasUse map[methodOf]*methodUse

// methodOf is a method of a contract; the contract is "" for accounts without code.
type methodOf struct{ contract, method string }

type methodUse struct {
	gas    []uint64
	across []uint64 // of gas, what messages that came from another account used
}

func (u gasUse) count(r *ran) {
	for l, d := range r.happenings() {
		if l.handled == nil {
			continue
		}
		key := methodOf{method: d.Message.Method}
		if code := r.scene.chain.At(l.account).code; code != nil {
			key.contract = code.name
		}
		if u[key] == nil {
			u[key] = &methodUse{}
		}
		u[key].gas = append(u[key].gas, l.handled.Outcome.GasUsed)
		if d.Message.From != d.Message.To {
			u[key].across = append(u[key].across, l.handled.Outcome.GasUsed)
		}
	}
}

// GasLine is the gas of one method, over all blocks of a chain so far.
type GasLine struct {
	Contract, Method string // Contract is "" for accounts without code
	Calls            int
	Min, Median, Max uint64
	Total            uint64
	Across           int    // of the calls, those that came from another account
	AcrossGas        uint64 // and their part of Total
}

// GasReport is the gas of all methods, by contract and method.
type GasReport []GasLine

// GasReport says what every method cost in the blocks that the test made. What the kit did by itself (accounts' money,
// publishing) is not in it, nor what Explore tried.
func (k *Chain) GasReport() GasReport {
	var report GasReport
	for key, use := range k.used {
		list := slices.Clone(use.gas)
		slices.Sort(list)
		line := GasLine{
			Contract: key.contract, Method: key.method, Calls: len(list), Across: len(use.across), AcrossGas: sum(use.across), Total: sum(list),
			Min: list[0], Median: list[(len(list)-1)/2], Max: list[len(list)-1],
		}
		report = append(report, line)
	}
	slices.SortFunc(report, func(a, b GasLine) int {
		return cmp.Or(cmp.Compare(a.Contract, b.Contract), cmp.Compare(a.Method, b.Method))
	})
	return report
}

func sum(list []uint64) (total uint64) {
	for _, n := range list {
		total += n
	}
	return total
}

// Line is that of one method; the zero line if it was never called.
func (r GasReport) Line(contract, method string) GasLine {
	for _, l := range r {
		if l.Contract == contract && l.Method == method {
			return l
		}
	}
	return GasLine{}
}

// Across is how many messages there were, how many of them came from another account, and their share of all gas.
func (r GasReport) Across() (messages, across int, gasShare float64) {
	var all, part uint64
	for _, l := range r {
		messages, across = messages+l.Calls, across+l.Across
		all += l.Total
		part += l.AcrossGas
	}
	if all == 0 {
		return 0, 0, 0
	}
	return messages, across, float64(part) / float64(all)
}

// String is a table.
func (r GasReport) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "contract\tmethod\tcalls\tmin\tmedian\tmax\tfrom others\t")
	for _, l := range r {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t\n", cmp.Or(l.Contract, "-"), l.Method, l.Calls, l.Min, l.Median, l.Max, l.Across)
	}
	w.Flush()
	if messages, across, share := r.Across(); messages > 0 {
		fmt.Fprintf(&b, "%d of %s came from another account, with %.0f %% of the gas\n", across, plural(messages, "message"), 100*share)
	}
	return b.String()
}
