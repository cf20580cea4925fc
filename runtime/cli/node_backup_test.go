package cli

import (
	"path/filepath"
	"slices"
	"testing"
)

// A backup names what the node needs to start and it doesn't hold.
func TestBackupLeavesOut(t *testing.T) {
	t.Chdir(t.TempDir())
	h := nodeHome("home")
	inside, err := filepath.Abs(h.file(genesisFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		genesis, gossip string
		want            []string
	}{
		{genesisFile, "", []string{}}, {inside, "", []string{}}, {"../shared/genesis.json", "keys", []string{h.file("../shared/genesis.json"), h.file("keys")}},
		{"/etc/genesis.json", "/etc/keys", []string{"/etc/genesis.json", "/etc/keys"}},
	} {
		if got := (&nodeConfig{Genesis: c.genesis, GossipKeyFile: c.gossip}).leftOut(h); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
