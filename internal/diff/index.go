package diff

import (
	"fmt"
	"hash/maphash"
	"slices"
)

// An index says where the tasks of a source lie, by what they are matched by,
// and what shape their results have.
type index struct {
	named map[string]int32  // in units
	more  map[int32][]int64 // of a repetition in units: its members after the first
	units []unit            // in the source's order
	kinds []kind
	known map[string]int32    // kinds by judge
	ids   map[uint64]struct{} // of members of repetitions, hashed
	seed  maphash.Seed
	away  int // results that can't be read
}

// A unit is a task of its own, or a repetition.
type unit struct {
	name string
	ref  int64 // of its first member
	kind int32
}

// A kind is all results that are judged the same way.
type kind struct {
	judge     string
	templates []string // a few of those whose tasks they are of, in order
	tree      *tree
}

// mostTemplates is how many templates name a kind.
const mostTemplates = 3

// indexOf reads a source once.
func indexOf(s Source, r *rule) (*index, error) {
	x := &index{
		named: map[string]int32{}, more: map[int32][]int64{}, known: map[string]int32{}, ids: map[uint64]struct{}{}, seed: maphash.MakeSeed(),
	}
	for e, err := range s.Entries() {
		if err != nil {
			return nil, err
		}
		if err := x.add(e); err != nil {
			if f, ok := s.(*File); ok {
				err = &FileError{Path: f.path, Line: e.Line, Err: err}
			}
			return nil, err
		}
		k := x.kindOf(e)
		if e.Away {
			x.away++
		}
		if e.Result == nil {
			continue
		}
		if v, ok := decode(e.Result); ok {
			k.tree.add(v, r)
		}
	}
	x.ids = nil
	return x, nil
}

func (x *index) add(e Entry) error {
	name := e.name()
	at, known := x.named[name]
	id := maphash.String(x.seed, e.ID)
	_, twice := x.ids[id]
	if known && e.Repeat == nil || twice && e.Repeat != nil {
		return fmt.Errorf("the task %q comes twice", e.ID)
	}
	if e.Repeat != nil {
		x.ids[id] = struct{}{}
	}
	if known {
		x.more[at] = append(x.more[at], e.Ref)
		return nil
	}
	x.named[name] = int32(len(x.units))
	x.units = append(x.units, unit{name: name, ref: e.Ref})
	return nil
}

// kindOf returns the kind of the entry that was added last.
func (x *index) kindOf(e Entry) *kind {
	at, ok := x.known[e.Judge]
	if !ok {
		at = int32(len(x.kinds))
		x.known[e.Judge] = at
		x.kinds = append(x.kinds, kind{judge: e.Judge, tree: newTree(true)})
	}
	k := &x.kinds[at]
	if n := len(k.templates); e.Template != "" && n <= mostTemplates && (n == 0 || !slices.Contains(k.templates, e.Template)) {
		k.templates = append(k.templates, e.Template)
	}
	x.units[x.named[e.name()]].kind = at
	return k
}
