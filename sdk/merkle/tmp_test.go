package merkle
import ("testing";"github.com/thinkey/thinkey/sdk/wire")
func BenchmarkHashSum(b *testing.B){ var l,r Hash; for b.Loop(){ l=wire.Sum(wire.TagBranch,l[:],r[:]) } }
func BenchmarkHashDirect(b *testing.B){ var l,r Hash; for b.Loop(){ l=branchHash(&l,&r) } }
