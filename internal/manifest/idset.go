package manifest

import (
	"cmp"
	"crypto/sha256"
	"slices"
)

// A use of an id, for the message when it is used again.
type use struct {
	entry, number, line int32
}

// An idSet holds a hash of each id that is taken. Of a repeated task it is the
// id of the group alone, since the members may be many.
type idSet struct {
	taken map[[16]byte]use
	// alike are the ids that look like that of a member, by the id that its
	// group would have: for each group the one with the lowest number.
	alike map[[16]byte]lookalikeMember
}

type lookalikeMember struct {
	use
	number int
}

// A clash is that an id, or that of a member, is taken.
type clash struct {
	first    use
	own      int  // the number of the new task's member whose id it is; 0 for the id itself
	repeated bool // the first one's member has it
}

// claim takes an id, of a repeated task those of its members too, or says who has it.
func (l *loader) claim(ids idSet, id string, own use) *clash {
	key := hashOf(id)
	if first, twice := ids.taken[key]; twice {
		return &clash{first: first}
	}
	if m, there := ids.alike[key]; there && m.number <= l.timesOf(own) {
		return &clash{first: m.use, own: m.number}
	}
	if group, number := cutMember(id); number > 0 {
		groupKey := hashOf(group)
		if first, there := ids.taken[groupKey]; there && number <= l.timesOf(first) {
			return &clash{first: first, repeated: true}
		}
		if m, there := ids.alike[groupKey]; !there || number < m.number {
			ids.alike[groupKey] = lookalikeMember{own, number}
		}
	}
	ids.taken[key] = own
	return nil
}

func hashOf(id string) [16]byte {
	sum := sha256.Sum256([]byte(id))
	return [16]byte(sum[:16])
}

// timesOf is how many members a use of an id has; 0 when it is not repeated.
func (l *loader) timesOf(u use) int {
	if e := l.entryOf(u); e != nil && e.repeat != nil {
		return e.repeat.times
	}
	return 0
}

// entryOf is the entry that has used an id.
func (l *loader) entryOf(u use) *entry {
	byIndex := func(e *entry, index int) int { return cmp.Compare(e.index, index) }
	if i, ok := slices.BinarySearchFunc(l.m.entries, int(u.entry), byIndex); ok {
		return l.m.entries[i]
	}
	return nil
}
