package relay

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/runtime/docs"
)

// The table of limits says what the code does.
func TestLimitsTable(t *testing.T) {
	docs.Limit(t, "relays that one must show to be taken in, beyond what is known", fmt.Sprint(ackSoon))
	docs.Limit(t, "relays under way from which on one is asked for", fmt.Sprintf("%d; %d if the chain is loaded", ackEvery, ackSoon))
	docs.Limit(t, "blocks to one that takes in acknowledgements, while there are relays, too", fmt.Sprint(ackTurns))
	docs.Limit(t, "times that what more would have to leave its branch for is tried again", fmt.Sprintf("1, 2, 4 … %d blocks of the ancestor apart, and when enough has left", mostWait))
}
