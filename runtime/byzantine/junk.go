package byzantine

import "slices"

// junk sends bytes that are nearly messages, or nothing like them.
func junk(m *Member, raw []byte) []byte {
	r := m.Rand
	raw = slices.Clone(raw)
	switch r.IntN(4) {
	case 0:
		return raw // now and then a good one, so that it isn't just silent
	case 1:
		raw[r.IntN(min(len(raw), 40))] = byte(r.Uint32())
	case 2:
		raw = raw[:r.IntN(len(raw))]
	default:
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
	}
	m.Deviates()
	return raw
}

// oversize sends more than anybody takes, and what claims to be longer than it is.
func oversize(m *Member, raw []byte) []byte {
	r := m.Rand
	switch r.IntN(64) {
	case 0:
		m.Deviates()
		if m.huge == nil {
			m.huge = make([]byte, m.MaxPacket+1) // nothing writes to it
		}
		return m.huge
	case 1, 2, 3, 4:
		m.Deviates()
		raw = slices.Clone(raw)
		if len(raw) > 8 {
			copy(raw[2:], []byte{0xff, 0xff, 0xff, 0xff})
		}
	}
	return raw
}
