package kit

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/sdk/chain"
)

// One engine runs the modules of all chains of a process, so that each is compiled once; what it compiled is kept in the
// user's cache for the next process. It ends with the process.
var sharedEngine = sync.OnceValues(func() (*wasm.Engine, error) {
	dir, err := cacheDir("compiled")
	if err != nil {
		dir = "" // it compiles again then
	}
	return wasm.Open(wasm.Config{Dir: dir, Source: source})
})

// cacheDir is a folder for what can be made again.
func cacheDir(name string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "thinkey", "kit", name)
	return dir, os.MkdirAll(dir, 0o700)
}

// sources are the modules that chains of this process published.
var sources = struct {
	sync.Mutex
	code map[chain.CodeHash][]byte
}{code: make(map[chain.CodeHash][]byte)}

func keepSource(hash chain.CodeHash, code []byte) {
	sources.Lock()
	defer sources.Unlock()
	sources.code[hash] = code
}

func source(hash chain.CodeHash) ([]byte, error) {
	sources.Lock()
	defer sources.Unlock()
	code, ok := sources.code[hash]
	if !ok {
		return nil, fmt.Errorf("code %s was not published in a kit", hash)
	}
	return code, nil
}
