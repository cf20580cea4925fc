//go:build !wasip1

package guest

import "embed"

// Sources are this package's, for tools that write them beside a contract.
//
//go:embed *.go *.s
var Sources embed.FS
