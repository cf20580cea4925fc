// Command thinkey is the program: a node, a wallet and the tools around them.
package main

import "github.com/thinkey/thinkey/runtime/cli"

func main() { cli.Main() }
