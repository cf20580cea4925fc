//go:build !wasip1

package abi

import "embed"

// Sources are this package's, for tools that write them beside a contract.
//
//go:embed *.go
var Sources embed.FS
