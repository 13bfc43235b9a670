package diff

import (
	"fmt"
	"hash/maphash"
	"slices"
)

// An index says where the tasks of a source lie, by what they are matched by,
// and what shape their results have. It has no names: both sides hash them with
// the same [seed], which nobody knows who could make two that are alike.
type index struct {
	named  map[uint64]int32  // in units, by the hash of the name
	more   map[int32][]int64 // of a repetition in units: its members after the first
	units  []unit            // in the source's order
	kinds  []kind
	known  map[string]int32    // kinds by key
	ids    map[uint64]struct{} // of members of repetitions, hashed
	beyond int                 // results of more kinds than are told apart
}

// A unit is a task of its own, or a repetition.
type unit struct {
	name uint64 // hashed
	ref  int64  // of its first member
	kind int32  // noKind where none passed
}

const noKind = -1

// A kind is all results that are judged by one schema.
type kind struct {
	key       string
	templates []string // a few of those whose tasks they are of, in order
	tree      *tree
}

const (
	// mostTemplates is how many templates name a kind.
	mostTemplates = 3

	// mostKinds bounds the profiles: what they take, and that each may have to be
	// matched with each.
	mostKinds = 256
)

// indexOf reads a source once.
func indexOf(s Source, r *rule) (*index, error) {
	x := &index{named: map[uint64]int32{}, more: map[int32][]int64{}, known: map[string]int32{}, ids: map[uint64]struct{}{}}
	for e, err := range s.Entries() {
		if err != nil {
			return nil, err
		}
		at, err := x.add(e)
		if err != nil {
			if f, ok := s.(*File); ok {
				err = &FileError{Path: f.path, Line: e.Line, Err: err}
			}
			return nil, err
		}
		if e.Result == nil {
			continue
		}
		k := x.kindOf(e)
		if k == noKind {
			x.beyond++
			continue
		}
		x.units[at].kind = k
		if v, ok := decode(e.Result); ok {
			x.kinds[k].tree.add(v, r)
		}
	}
	x.ids = nil
	return x, nil
}

func hashed(name string) uint64 { return maphash.String(seed, name) }

// add takes an entry in, and returns its unit.
func (x *index) add(e Entry) (int32, error) {
	name := hashed(e.name())
	at, known := x.named[name]
	id := hashed(e.ID)
	_, twice := x.ids[id]
	if known && e.Repeat == nil || twice && e.Repeat != nil {
		return 0, fmt.Errorf("the task %q comes twice", e.ID)
	}
	if e.Repeat != nil {
		x.ids[id] = struct{}{}
	}
	if known {
		x.more[at] = append(x.more[at], e.Ref)
		return at, nil
	}
	at = int32(len(x.units))
	x.named[name] = at
	x.units = append(x.units, unit{name: name, ref: e.Ref, kind: noKind})
	return at, nil
}

// kindOf returns the kind of an entry that has a result: that of its schema, and
// where none judged it that of its template. The fingerprint of all that judged it
// is no kind: an expectation that asks for the row has another one for each task.
func (x *index) kindOf(e Entry) int32 {
	key := "schema " + e.Schema
	if e.Schema == "" {
		key = "template " + e.Template
	}
	at, ok := x.known[key]
	if !ok {
		if len(x.kinds) == mostKinds {
			return noKind
		}
		at = int32(len(x.kinds))
		x.known[key] = at
		x.kinds = append(x.kinds, kind{key: key, tree: newTree(true)})
	}
	k := &x.kinds[at]
	if n := len(k.templates); e.Template != "" && n <= mostTemplates && (n == 0 || !slices.Contains(k.templates, e.Template)) {
		k.templates = append(k.templates, e.Template)
	}
	return at
}
