package block

import (
	"fmt"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// view is what is known of an ancestor, and who certifies what follows.
type view struct {
	chain.Known
	committee chain.Committee
	raised    bool
	handed    bool // to another committee
}

// unknown says that nothing is known of the ancestor, as this chain began after it and was not shown who certifies it (chain.FactChild).
func (v *view) unknown() bool { return v.Known.Committee == chain.Hash{} }

// view is what is known of an ancestor at this point of the block.
func (a *Arrival) view(ancestor chain.ID) (*view, error) {
	if v := a.views[ancestor]; v != nil {
		return v, nil
	}
	raw, err := a.entry(chain.ViewKey(ancestor))
	if err != nil {
		return nil, err
	}
	v := &view{}
	if raw == nil {
		a.views[ancestor] = v
		return v, nil
	}
	if v.Known, err = chain.DecodeKnown(raw); err != nil {
		return nil, fmt.Errorf("view of chain %d in the state: %w", ancestor, err)
	}
	if raw, err = a.entry(chain.ViewCommitteeKey(ancestor)); err != nil {
		return nil, err
	}
	if v.committee, err = chain.DecodeCommittee(raw); err != nil {
		return nil, fmt.Errorf("committee of chain %d in the state: %w", ancestor, err)
	}
	a.views[ancestor] = v
	return v, nil
}

// View raises the view of an ancestor (SPEC 4.6): never back, and by a block that its committee certifies. It must not follow
// anything but views: what is proven later is proven against them.
func (a *Arrival) View(d *chain.Digest) (*Fault, error) {
	h := d.Last()
	switch id := h.Chain; {
	case !slices.Contains(a.context.Tree.Ancestors(a.context.Chain), id):
		return refuse(PartViews, id, "it is not above chain %d", a.context.Chain), nil
	case len(d.Headers) != 1:
		return refuse(PartViews, id, "%d headers: a view takes one", len(d.Headers)), nil
	case len(a.Arrived.Facts)+len(a.Arrived.Acks)+len(a.Arrived.Imports) > 0:
		return refuse(PartViews, id, "it stands behind what is proven against it"), nil
	}
	if n := len(a.Arrived.Views); n > 0 {
		if last := a.Arrived.Views[n-1].Last(); last.Chain > h.Chain || last.Chain == h.Chain && last.Next == last.Committee {
			return refuse(PartViews, h.Chain, "not in ascending order, or raised twice by one committee"), nil
		}
	}
	v, err := a.view(h.Chain)
	if err != nil {
		return nil, err
	}
	if v.unknown() {
		return refuse(PartViews, h.Chain, "who certifies it is not known"), nil
	}
	size := 4 + len(d.Append(nil))
	if fault := a.room(size); fault != nil {
		return fault, nil
	}
	c, err := a.rules.committee(a.context.Network, v.committee)
	if err != nil {
		return refuse(PartViews, h.Chain, "%v", err), nil
	}
	known, err := light.Follow(v.Known, d, c, light.Ahead)
	if err != nil {
		return refuse(PartViews, h.Chain, "%v", err), nil
	}
	raised := &view{Known: known, committee: v.committee, raised: true, handed: v.handed}
	if len(d.Next.Seats) > 0 {
		raised.committee, raised.handed = d.Next, true
	}
	a.views[h.Chain] = raised
	a.bytes += size
	a.Arrived.Views = append(a.Arrived.Views, *d)
	return nil, nil
}

// Known is what is known of an ancestor at this point of the block.
func (a *Arrival) Known(ancestor chain.ID) (chain.Known, error) {
	v, err := a.view(ancestor)
	if err != nil {
		return chain.Known{}, err
	}
	return v.Known, nil
}

// headerViews are the views of the parent's header with those that were raised.
func (a *Arrival) headerViews(parent []chain.View) []chain.View {
	views := map[chain.ID]chain.View{}
	for _, v := range parent {
		views[v.Chain] = v
	}
	for id, v := range a.views { // any order: sorted below
		if v.raised && v.Anchor.Height > 0 {
			views[id] = chain.View{Chain: id, Height: v.Anchor.Height, Hash: v.Anchor.Hash}
		}
	}
	if len(views) == 0 {
		return nil
	}
	list := make([]chain.View, 0, len(views))
	for _, id := range slices.Sorted(maps.Keys(views)) {
		list = append(list, views[id])
	}
	return list
}
