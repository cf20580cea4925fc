// Package keyfile answers one question: how does a private key outlive the process that made it? In a file of its own,
// encrypted with a password, readable by its owner alone.
//
//	Generate -> key --Create--> DIR/NAME.json --Open--> key      the user's keys, by name
//	                   Write--> any path      --Read--> key      one key under way to another machine
//	                            DIR           --List--> names and public keys, without a password
//	            password <--ReadPassword-- file | descriptor | terminal; never arguments or environment, which others can see
//
// # The file
//
// JSON, so that people can see what it is; bytes are hex. What Open returns depends on nothing that is not authenticated.
//
//	{
//	  "format": "thinkey-key", "version": 1,
//	  "name": "alice",
//	  "public": "…",                                                              32 bytes
//	  "kdf": {"name": "argon2id", "passes": 3, "memoryKiB": 65536, "threads": 4, "salt": "…"},
//	  "cipher": {"name": "xchacha20-poly1305", "nonce": "…", "text": "…"}         the seed, 32 bytes, and the tag, 16
//	}
//
// The cipher's key is argon2id of password and salt. Its additional data are all fields above the cipher.
//
// # Invariants
//
//	F1  A key file is never overwritten and never seen half written: it is written and synced under another name, then
//	    linked to its own, which fails if that is taken; then the directory is synced.
//	F2  A file is made with mode 0600. One that group or others can read is refused, with the command that mends it.
//	F3  Limits come first: size before parsing, the costs of the derivation before deriving. A hostile file costs at
//	    most maxMemoryKiB and maxPasses.
//	F4  A key is returned only if the file authenticates under the password and the key is that of the public key in
//	    clear; from a directory, only if the name in the file is that of the file, so that two can't be swapped.
//
// The package does not cache passwords or keys, does not wipe memory (Go can't promise it), and has no way to recover a
// lost password.
package keyfile
