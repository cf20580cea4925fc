package store

// Metrics is what an operator watches.
type Metrics struct {
	DiskBytes   uint64 // of all files, the write-ahead log included
	CacheBytes  int64
	Flushes     int64  // memory to tables, since Open
	Compactions int64  // tables to fewer tables, since Open
	Debt        uint64 // bytes that compactions are behind by, estimated
	ReadDepth   int    // tables that a read may have to look into
	// Failures of background work since Open; while one lasts, commits give ErrBackground.
	Failures uint64
}

// Metrics takes a few microseconds.
func (s *Store) Metrics() Metrics {
	m := s.db.Metrics()
	return Metrics{
		DiskBytes: m.DiskSpaceUsage(), CacheBytes: m.BlockCache.Size, Flushes: m.Flush.Count, Compactions: m.Compact.Count,
		Debt: m.Compact.EstimatedDebt, ReadDepth: m.ReadAmp(), Failures: s.background.failures.Load(),
	}
}
