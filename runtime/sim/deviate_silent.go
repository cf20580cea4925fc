package sim

import "github.com/thinkey/thinkey/consensus/bft"

func init() {
	deviations = append(deviations, &deviation{name: "silent", sends: func(n *node, s bft.Send) []bft.Send {
		n.deviates()
		return nil
	}})
}
