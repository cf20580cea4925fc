package mesh

import "time"

// seeding is the addresses that the operator gave, and what rejoin knows of them. A mesh that has found somebody is not done with them: who runs there may
// have begun later, and know of nobody.
type seeding struct {
	list     []string
	next     int                  // of list
	answered map[string]time.Time // when last
}

// seedPause is how long after its answer a seed isn't asked again while others are there. It may be called by a name, or be known under another address,
// and then nobody seems to be where it is.
const seedPause = 2 * time.Minute

// seedsAway are all seeds while this node is alone, and else one where nobody is, in turn. Rejoin calls it alone.
func (m *Mesh) seedsAway(now time.Time) []string {
	taken := m.taken()
	if len(taken) <= 1 {
		return m.seeds.list
	}
	return m.seeds.away(taken, now)
}

// taken are the addresses where somebody is alive: this node, too.
func (m *Mesh) taken() map[string]bool {
	alive, taken := m.alive(), map[string]bool{m.Addr(): true}
	for _, r := range m.known.all() {
		if alive[r.Node.String()] {
			taken[r.Gossip] = true
		}
	}
	return taken
}

// away is the next of the seeds at whose address nobody is, if there is one.
func (s *seeding) away(taken map[string]bool, now time.Time) []string {
	for range s.list {
		addr := s.list[s.next]
		s.next = (s.next + 1) % len(s.list)
		if at, is := s.answered[addr]; !taken[addr] && (!is || now.Sub(at) >= seedPause) {
			return []string{addr}
		}
	}
	return nil
}

// heard notes that somebody at an address has answered.
func (s *seeding) heard(addr string, now time.Time) {
	for _, is := range s.list {
		if is == addr {
			s.answered[addr] = now
		}
	}
}
