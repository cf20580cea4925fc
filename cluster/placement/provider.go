package placement

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/cluster"

	"github.com/thinkey/thinkey/sdk/keys"
)

const (
	// lookAgain is how often the mesh is asked who is there, and lookPause how long after it was asked at the least.
	lookAgain = time.Second
	lookPause = 50 * time.Millisecond
	// moveAgain is how often a node can move, as far as proto.actor's list goes, which never forgets a member that left. Questions go to
	// where a node is now in any case.
	moveAgain = 10 * time.Minute
)

// provider tells proto.actor who the members are: its ClusterProvider over the mesh.
type provider struct {
	p    *Placement
	stop context.CancelFunc
	work sync.WaitGroup

	looking sync.Mutex // held by look; guards the rest
	members map[keys.PublicKey]*member
	joined  uint64 // numbers those who ever joined
}

// member is a node as proto.actor's list has it. Who left is blocked there for good, under its id: who comes back has another.
type member struct {
	*cluster.Member
	since time.Time
}

var _ cluster.ClusterProvider = (*provider)(nil)

// StartClient implements cluster.ClusterProvider.
func (v *provider) StartClient(*cluster.Cluster) error {
	ctx, stop := context.WithCancel(context.Background())
	v.stop = stop
	v.look()
	v.work.Go(func() { v.keepLooking(ctx) })
	return nil
}

// StartMember implements cluster.ClusterProvider.
func (v *provider) StartMember(c *cluster.Cluster) error { return v.StartClient(c) }

// Shutdown implements cluster.ClusterProvider; it may be called again.
func (v *provider) Shutdown(bool) error {
	if v.stop != nil {
		v.stop()
	}
	v.work.Wait()
	return nil
}

func (v *provider) keepLooking(ctx context.Context) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-v.p.changed:
		}
		v.look()
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookPause):
		}
	}
}

// look makes the mesh's picture this node's, and proto.actor's.
func (v *provider) look() {
	v.looking.Lock()
	defer v.looking.Unlock()
	d := newDirectory(v.p.others(), v.p.known.Load(), v.p.proven.now())
	v.p.known.Store(d)
	v.p.proven.tidy(d)
	v.p.lookup.tidy(d)
	v.p.tidyRoads(d)
	v.p.cluster.MemberList.UpdateClusterTopology(v.list(d, time.Now()))
}

// list is who is a member: whoever is registered and answers for accounts, silent or not. A member that was called dead wrongly would never
// come back, and calls find out who is silent.
func (v *provider) list(d *directory, now time.Time) (list cluster.Members) {
	for k := range v.members {
		if d.nodes[k] == nil {
			delete(v.members, k)
		}
	}
	for _, e := range d.list {
		m := v.members[e.key]
		if m == nil || m.Address() != e.address && now.Sub(m.since) >= moveAgain {
			if m = v.join(e, now); m == nil {
				continue
			}
			v.members[e.key] = m
		}
		list = append(list, m.Member)
	}
	return list
}

func (v *provider) join(e *entry, now time.Time) *member {
	host, port, err := net.SplitHostPort(e.address)
	n, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil {
		return nil // the mesh doesn't take such records
	}
	if net.ParseIP(host).To4() == nil && net.ParseIP(host) != nil {
		host = "[" + host + "]"
	}
	v.joined++
	id := fmt.Sprintf("%s/%d", e.key, v.joined)
	return &member{&cluster.Member{Host: host, Port: int32(n), Id: id, Kinds: []string{Live, Copy}}, now}
}
