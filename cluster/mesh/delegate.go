package mesh

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// delegate is the mesh as memberlist sees it. Its calls come with locks of memberlist held: nothing here calls back.
type delegate struct{ *Mesh }

// NodeMeta is the node's record: at most maxRecordBytes, which memberlist takes.
func (d delegate) NodeMeta(int) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.raw
}

// NotifyMsg, GetBroadcasts, LocalState and MergeRemoteState: nothing but membership travels here.
func (d delegate) NotifyMsg([]byte)                {}
func (d delegate) GetBroadcasts(int, int) [][]byte { return nil }
func (d delegate) LocalState(bool) []byte          { return nil }
func (d delegate) MergeRemoteState([]byte, bool)   {}
func (d delegate) NotifyJoin(*memberlist.Node)     { d.config.Changed() }
func (d delegate) NotifyLeave(*memberlist.Node)    { d.config.Changed() }
func (d delegate) NotifyUpdate(*memberlist.Node)   { d.config.Changed() }

// NotifyConflict is told of a node that claims another address than the one that is known: it has just moved, or two processes have one key.
func (d delegate) NotifyConflict(known, other *memberlist.Node) {
	d.count(CountConflict)
	k, err := keys.ParsePublicKey(known.Name)
	if err != nil || k != d.config.Key.Public() && !d.config.Registered(k) {
		return // whoever is not registered can have as many keys as it likes, and may make no lines that people look at
	}
	if unsaid, ok := d.moved(k, time.Now()); ok {
		d.config.Log.Warn("a node is at two addresses: it has moved, or two processes have its key", "node", known.Name[:12], "at", known.Address(), "and", other.Address(), "unsaid", unsaid)
	}
}

// NotifyAlive refuses what the named node didn't say itself.
func (d delegate) NotifyAlive(n *memberlist.Node) error {
	err := d.vouched(n)
	if err != nil {
		d.count(CountRefused)
	}
	if errors.Is(err, wire.ErrVersion) || errors.Is(err, ErrVersions) {
		d.foreign(n, err, time.Now())
	}
	return err
}

// versionPause is how long after a line about another version there is no other: whoever has the secret can cause them, and where there is none, anybody.
const versionPause = 10 * time.Minute

// foreign is told of a node that can't be known here, as its program says what it is in another way: neither finds the other by gossip. Nothing proves it:
// who is not registered makes no lines.
func (d delegate) foreign(n *memberlist.Node, err error, now time.Time) {
	d.count(CountVersions)
	if k, bad := keys.ParsePublicKey(n.Name); bad != nil || !d.config.Registered(k) {
		return
	}
	d.mu.Lock()
	due := now.Sub(d.foreignSaid) >= versionPause
	if due {
		d.foreignSaid = now
	}
	d.mu.Unlock()
	if due {
		d.config.Log.Warn("a node is not seen, as it seems to run another version of the program: if it does, update the older one", "node", n.Name[:12], "at", n.Address(), "error", err)
	}
}

// ErrVersions is a member that is said to speak versions of memberlist's protocol which nodes don't: nobody signs them, and each join and each exchange
// between others would fail for them.
var ErrVersions = errors.New("no node speaks these versions of gossip")

const (
	gossipVersion   = memberlist.ProtocolVersion2Compatible // that nodes speak
	delegateVersion = 0
)

func (d delegate) vouched(n *memberlist.Node) error {
	if n.PCur != gossipVersion || n.PMin > gossipVersion || n.PMax < gossipVersion || n.DCur != delegateVersion || n.DMin > delegateVersion || n.DMax < delegateVersion {
		return fmt.Errorf("%w: %.12q, %d of %d to %d, %d of %d to %d", ErrVersions, n.Name, n.PCur, n.PMin, n.PMax, n.DCur, n.DMin, n.DMax)
	}
	d.mu.Lock()
	own := n.Name == d.self.Node.String() && string(n.Meta) == string(d.raw)
	d.mu.Unlock()
	r, err := d.known.learn(n.Meta, time.Now())
	switch {
	case err != nil && !own:
		return err
	case own:
		return nil
	case r.Node.String() != n.Name:
		return fmt.Errorf("%w %s under the name %.12q", ErrRecord, r.Node.String()[:12], n.Name)
	case r.Gossip != net.JoinHostPort(n.Addr.String(), fmt.Sprint(n.Port)):
		return fmt.Errorf("%w %s: it says that it is at %s, not at %s:%d", ErrRecord, n.Name[:12], r.Gossip, n.Addr, n.Port)
	}
	return nil
}
