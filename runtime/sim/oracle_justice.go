package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/light"
)

// justice holds that evidence is evidence, to who knows the committee alone and has it as bytes, and that it is never against
// an honest member.
type justice struct{ blind }

func (o *justice) accused(n *node, e bft.Evidence) {
	if role := o.w.plan.role(int(e.From)); role == nil || role.Class == LostDisk {
		o.w.violate("justice", n, "it accuses member %d, which is honest", e.From)
		return
	}
	again, err := light.DecodeEvidence(e.Encode())
	if err == nil {
		_, err = o.w.origin.committee.Guilty(&again)
	}
	if err != nil {
		o.w.violate("justice", n, "its evidence against member %d shows nothing: %v", e.From, err)
	}
}
