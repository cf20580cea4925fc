package sim

const (
	// lateBlocks is how many blocks of a chain nobody carries.
	lateBlocks = 2_048
	// lateEvery is how many of them there are from one payment to another chain, and from another one, to the next.
	lateEvery = 128
)

// late lets nobody carry the digests of a chain, nor what others sent it, for thousands of its blocks. Then all of it arrives as ever. What its users
// sent before is final first: some of it was refused, and holds up all that they send later, so that blocks would come of heartbeats alone.
func (s *stage) late(w *World) {
	if !w.load.catchUp() {
		s.census.add("never late: users did not catch up")
		return
	}
	s.tell(nil, "nobody carries digests of chain %d for %d blocks", w.id, lateBlocks)
	s.stopCarriers(w, 1<<62)
	first := w.final.height() // of blocks up to there digests may be on their way
	for w.final.height() < first+lateBlocks && s.broken == nil {
		s.oneMore(w)
	}
	if s.broken != nil {
		return
	}
	if s.crossing.recorded[w.id] > first {
		s.violate("recovery", nil, "digests of chain %d were carried, and nobody was to", w.id)
	}
	s.census.add("digests thousands of blocks late")
	s.stopCarriers(w, 0)
	s.phase = recovery
	s.crossing.demand()
}

// catchUp sends what is pending again until none of it is, and says whether that is so within the time in which relays arrive.
func (l *load) catchUp() bool {
	none := func() bool { l.forget(); return len(l.pending) == 0 }
	for end := l.w.now + crossMillis*millis; l.w.broken == nil && l.w.now < end && !none(); {
		for _, m := range l.pending {
			l.submit(m)
		}
		l.w.until(l.w.now+1000*millis, none)
	}
	return none()
}

// oneMore lets a chain make a block, at least, and users of it and of others send each other something now and then.
func (s *stage) oneMore(w *World) {
	height := w.final.height()
	l := w.load
	l.forget()
	from := int(height) % len(l.wallets)
	if height%lateEvery == 0 {
		for _, other := range s.worlds {
			if other != w {
				l.send(from, l.abroad(from))
				other.load.send(from, other.load.abroad(from))
			}
		}
	} else {
		l.send(from, l.payment(from))
	}
	if !s.until(s.now+crossMillis*millis, func() bool { return w.final.height() > height }) && s.broken == nil {
		s.violate("I11 liveness", nil, "chain %d makes no block behind %d", w.id, height)
	}
}

// stopCarriers lets nobody carry the digests of a chain until a time; 0 for all to carry again.
func (s *stage) stopCarriers(w *World, until uint64) {
	for _, p := range s.processes {
		for _, c := range p.carriers {
			if c.child.w != w {
				continue
			}
			if c.stopped = max(c.stopped, until); until == 0 {
				c.stopped = 0
				c.wake()
			}
		}
	}
}
