// Package template answers one question: what does `thinkey new` write for a contract in Go?
//
//	counter/, token/, …   a project each; the suffix .tmpl is taken off, so that this tree doesn't build or check them.
//	                      Contracts that are examples too are copies, which a test holds equal (make golden)
//	standin/              what stands in, in a project without the sources of thinkey, for what the tests of a contract
//	                      import there beside sdk/guest and sdk/abi: no other module has to be found or downloaded
//
// In every file {{.Name}} is the project's name; in a README {{.Source}} says where the SDK is, and {{.Kit}} how to test with
// sdk/kit, where the project has it.
package template

import "embed"

// Files are all of it, by path.
//
//go:embed all:counter all:token all:auction all:standin
var Files embed.FS
