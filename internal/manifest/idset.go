package manifest

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// A use of an id, for the message when it is used again.
type use struct {
	entry, number, line int32
}

// An idSet holds a hash of each id that is taken. Of a repeated task it is the
// id of the group alone, since the members may be many.
//
// It is what grows with the number of rows, so it is dense: 24 bytes an id in tables that
// are at least half full, one for each first byte of the hash, so that but one of them is
// there twice while it grows.
type idSet struct {
	taken [256]idTable
	// alike are the ids that look like that of a member, by the id that its
	// group would have: for each group the one with the lowest number. It is nil
	// where no task is repeated.
	alike map[idHash]lookalikeMember
}

func newIDSet(repeated bool) *idSet {
	s := &idSet{}
	if repeated {
		s.alike = map[idHash]lookalikeMember{}
	}
	return s
}

// An idHash is the beginning of an id's SHA-256: of a billion ids two have the same with a
// probability of 10^-11.
type idHash [12]byte

// An idTable is an open hash table with linear probing.
type idTable struct {
	slots []idSlot
	used  int
}

type idSlot struct {
	hash idHash
	use  use // its entry is counted from 1; 0 is an empty slot
}

// find returns the slot that has a hash, or the one that it belongs into; nil in a table
// without slots.
func (t *idTable) find(hash idHash) *idSlot {
	n := uint64(len(t.slots))
	if n == 0 {
		return nil
	}
	at := uint64(binary.LittleEndian.Uint32(hash[1:])) * n >> 32
	for t.slots[at].use.entry != 0 && t.slots[at].hash != hash {
		if at++; at == n {
			at = 0
		}
	}
	return &t.slots[at]
}

func (t *idTable) get(hash idHash) (use, bool) {
	slot := t.find(hash)
	if slot == nil || slot.use.entry == 0 {
		return use{}, false
	}
	u := slot.use
	u.entry--
	return u, true
}

// add puts in a hash that is not there.
func (t *idTable) add(hash idHash, u use) {
	if t.used >= len(t.slots)-len(t.slots)/8 {
		old := t.slots
		t.slots = make([]idSlot, max(8, len(old)+len(old)/2))
		for _, slot := range old {
			if slot.use.entry != 0 {
				*t.find(slot.hash) = slot
			}
		}
	}
	t.used++
	u.entry++
	*t.find(hash) = idSlot{hash, u}
}

func (s *idSet) get(hash idHash) (use, bool) { return s.taken[hash[0]].get(hash) }
func (s *idSet) add(hash idHash, u use)      { s.taken[hash[0]].add(hash, u) }

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
func (l *loader) claim(ids *idSet, id string, own use) *clash {
	key := hashOf(id)
	if first, twice := ids.get(key); twice {
		return &clash{first: first}
	}
	if m, there := ids.alike[key]; there && m.number <= l.timesOf(own) {
		return &clash{first: m.use, own: m.number}
	}
	if group, number := cutMember(id); number > 0 && ids.alike != nil {
		groupKey := hashOf(group)
		if first, there := ids.get(groupKey); there && number <= l.timesOf(first) {
			return &clash{first: first, repeated: true}
		}
		if m, there := ids.alike[groupKey]; !there || number < m.number {
			ids.alike[groupKey] = lookalikeMember{own, number}
		}
	}
	ids.add(key, own)
	return nil
}

func hashOf(id string) idHash {
	sum := sha256.Sum256([]byte(id))
	return idHash(sum[:len(idHash{})])
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
