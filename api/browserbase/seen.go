package browserbase

import "crypto/sha256"

// maxSeen is how many ids one listing may have.
const maxSeen = 1_000_000

// A seenSet remembers ids and cursors, which a stranger chose, by a digest: the
// longest takes no more memory than the shortest.
type seenSet map[[16]byte]struct{}

// add reports whether id is new.
func (s seenSet) add(id string) bool {
	sum := sha256.Sum256([]byte(id))
	key := [16]byte(sum[:16])
	if _, ok := s[key]; ok {
		return false
	}
	s[key] = struct{}{}
	return true
}
