// Package rust answers one question: what does a contract in Rust need of thinkey? It holds the SDK's sources, for tools
// that write them beside a project; the SDK itself is a crate without dependencies, in src.
package rust

import "embed"

// Files are the crate, the script that builds contracts without cargo, and the projects of `thinkey new`, by path: in
// template, where the suffix .tmpl is taken off and {{.Name}}, {{.SDK}}, {{.Kit}} and {{.Source}} are filled in.
//
//go:embed src Cargo.toml rustfmt.toml build.sh link.sh all:template
var Files embed.FS
