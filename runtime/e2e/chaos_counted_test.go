package e2e

import (
	"bufio"
	"strconv"
	"strings"
)

// refusedJunk are the metrics that count connections to each port between nodes that bring nothing.
var refusedJunk = []string{
	`thinkey_links_total{what="handshakes failed"}`,
	`thinkey_links_total{what="gossip connections refused"}`,
	`thinkey_placement_total{what="connections to proto.actor that failed before a key was shown"}`,
}

// openStreams is how many streams a node has.
const openStreams = "thinkey_api_streams"

// counted is what the nodes count of a metric, all together.
func (c *chaos) counted(name string) (sum float64) {
	c.Helper()
	for i := range chaosNodes {
		body, err := get(c.url(i) + "/metrics")
		if err != nil {
			c.Fatalf("node %d doesn't say what it counts: %v", i, err)
		}
		for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
			text, is := strings.CutPrefix(lines.Text(), name+" ")
			if !is {
				continue
			}
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				c.Fatal(err)
			}
			sum += n
		}
	}
	return sum
}

// allCounted is counted of some metrics.
func (c *chaos) allCounted(names []string) (list []float64) {
	c.Helper()
	for _, name := range names {
		list = append(list, c.counted(name))
	}
	return list
}
