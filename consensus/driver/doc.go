// Package driver performs what a replica asks for. It decides nothing: the order of its calls is the one thing it is for.
//
//	for ev := range inbox {            Run: one goroutine, one event at a time
//	        effects := replica.Step(ev)
//	        disk.Write(…)              durable first (bft.Effects says why)
//	        net.Send(…)                … then what was signed leaves
//	        ledger.Commit(…)           what is final is made durable, in order
//	        ledger.Verify(…), Build(…) started; the answers are events
//	        ledger.Find(…)             started; the answers are sent (Serve)
//	        clock.Set(…)
//	        replica = replica.Next(…)  where an epoch is over
//	}
//
// Disk, Net, Clock and Ledger are real in a node (runtime/node) and models in the simulator (runtime/sim), which calls Apply
// itself, on virtual time and in one goroutine. An error of any of them is the world's fault: Run returns it, and nothing
// more is signed.
package driver
