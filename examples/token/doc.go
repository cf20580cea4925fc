// Package token shows the way into the folder: a token whose balances live in accounts of their holders. README.md says what
// proves what; rust/ and go/ hold the contract twice, and the tests beside this file hold both to the same. This package
// itself is empty.
package token
