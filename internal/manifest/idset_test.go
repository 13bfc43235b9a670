package manifest

import (
	"fmt"
	"testing"
)

// Whatever was put in is found with its use, through all growing, and nothing
// else; so many ids take no more memory than they should.
func TestIDSet(t *testing.T) {
	const n = 200_000
	set := newIDSet(false)
	for i := range n {
		h := hashOf(fmt.Sprint("id-", i))
		if u, there := set.get(h); there {
			t.Fatalf("id-%d is there as %v before it was put in", i, u)
		}
		set.add(h, use{entry: int32(i % 3), number: int32(i), line: int32(2 * i)})
	}
	for i := range 2 * n {
		u, there := set.get(hashOf(fmt.Sprint("id-", i)))
		want := use{}
		if i < n {
			want = use{entry: int32(i % 3), number: int32(i), line: int32(2 * i)}
		}
		if there != (i < n) || u != want {
			t.Fatalf("id-%d: got %v, %v, want %v", i, u, there, want)
		}
	}
	slots := 0
	for _, table := range set.taken {
		slots += len(table.slots)
	}
	if slots > 2*n {
		t.Errorf("got %d slots for %d ids", slots, n)
	}
}
