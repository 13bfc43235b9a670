package manifest

import (
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// A Selection says which tasks of a manifest are meant: those that one of the
// IDs fits and that have one of the Tags, and of them the first Limit. What is
// empty or 0 does not narrow. The members of a repeated task are tasks, and each
// has the id of its group too.
type Selection struct {
	IDs   []string // ids, or patterns of whole ids with *, ? and [a-z]; an id fits itself whatever is in it
	Tags  []string
	Limit int
}

// A selector is a Selection, ready for use. It does not change while tasks are
// read.
type selector struct {
	Selection
	exact map[string]bool // all IDs
	globs []idGlob
	tags  map[string]bool
}

// An idGlob is one of the IDs that stands for several.
type idGlob struct {
	pattern string
	glob    glob
}

func newSelector(s Selection) *selector {
	out := &selector{Selection: s, exact: map[string]bool{}, tags: map[string]bool{}}
	for _, id := range s.IDs {
		out.exact[id] = true
		if isGlob(id) {
			out.globs = append(out.globs, idGlob{id, parseGlob(id)})
		}
	}
	for _, tag := range s.Tags {
		out.tags[tag] = true
	}
	return out
}

// found are the IDs and Tags of a Selection that some task fits.
type found struct{ ids, tags map[string]bool }

// takes returns which of a row's [entry.numbers] are meant, Limit aside. With
// found, which may be nil, it also notes everything that the task fits.
func (s *selector) takes(x *expander, e *entry, r *row, found *found) ([]int, error) {
	if r != nil && r.skip != "" {
		return s.skipped(e, r, found), nil
	}
	v := x.values(r)
	id, err := x.id(e, v)
	if err != nil {
		return nil, err
	}
	named := s.members(e, id, found)
	if len(s.Tags) == 0 || len(named) == 0 && found == nil {
		return named, nil
	}
	tags, err := x.tags(e, v)
	tagged := false
	for _, tag := range tags {
		if s.tags[tag] {
			tagged = true
			if found != nil {
				found.tags[tag] = true
			}
		}
	}
	if !tagged {
		named = nil
	}
	return named, err
}

// members returns which numbers of an entry the IDs name: all by the id of the
// group, or each by its own.
func (s *selector) members(e *entry, id string, found *found) []int {
	all := e.numbers()
	whole := len(s.IDs) == 0 || s.names(id, found)
	switch {
	case len(s.IDs) == 0 || whole && found == nil:
		return all
	case e.repeat == nil && whole:
		return all
	case e.repeat == nil:
		return nil
	}
	named := all[:0]
	for _, number := range all {
		if s.names(memberID(id, number), found) || whole {
			named = append(named, number)
		}
	}
	return named
}

// names reports whether one of the IDs fits an id.
func (s *selector) names(id string, found *found) bool {
	named := s.exact[id]
	if named && found != nil {
		found.ids[id] = true
	}
	for _, g := range s.globs {
		if named && found == nil {
			break
		}
		if g.glob.matches(id) {
			named = true
			if found != nil {
				found.ids[g.pattern] = true
			}
		}
	}
	return named
}

// A NoTaskError says that one selector of a Selection fits no task, or that
// none has both an id and a tag of those selected.
type NoTaskError struct {
	ID   string // the id or pattern that nothing fits
	Tag  string // the tag that no task has
	Hint string // what may have been meant; often ""

	exact bool // ID is no pattern, whatever is in it
}

func (e *NoTaskError) Error() string {
	switch {
	case e.Tag != "":
		return "no task has the tag " + quote(e.Tag)
	case e.ID == "":
		return "no task has both an id and a tag of those selected"
	case isGlob(e.ID) && !e.exact:
		return "no task has an id like " + quote(e.ID)
	}
	return "no task is named " + quote(e.ID)
}

// NoTaskErrors are all selectors that fit no task, in their order.
type NoTaskErrors []*NoTaskError

// Error joins the errors, one a line.
func (es NoTaskErrors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Select returns the part of a whole manifest that s means: its Tasks are the
// selected ones in their order, with positions from 0, and its Total counts
// them. It reads the data files once more. The error is [NoTaskErrors] when a
// selector fits no task, and a [Problem] when the data changed since Load.
func (m *Manifest) Select(s Selection) (*Manifest, error) {
	out := *m
	out.part = newSelector(s)
	got := found{map[string]bool{}, map[string]bool{}}
	taken := 0
	x := m.expander(nil)
	for _, e := range m.entries {
		for r, err := range e.rows(false) {
			var numbers []int
			if err == nil {
				numbers, err = out.part.takes(x, e, r, &got)
			}
			if err != nil {
				return nil, e.problem(r, err)
			}
			taken += len(numbers)
		}
	}
	if wrong := m.unfound(s, got); len(wrong) > 0 {
		return nil, wrong
	}
	if taken == 0 {
		return nil, NoTaskErrors{{}}
	}
	if s.Limit > 0 {
		taken = min(taken, s.Limit)
	}
	out.Total, out.LeftOut = taken, m.Total-taken
	return &out, nil
}

// Task returns the task with an id, or the first member of the group with it,
// its secrets masked. The error is a [NoTaskErrors] when there is none, or a
// [Problem].
func (m *Manifest) Task(id string) (batch.Task, error) {
	one := *m
	one.part = &selector{Selection: Selection{IDs: []string{id}, Limit: 1}, exact: map[string]bool{id: true}}
	for t, err := range one.Tasks(nil) {
		return t, err
	}
	return batch.Task{}, NoTaskErrors{{ID: id, exact: true, Hint: m.nearest(id, false)}}
}

// unfound lists the selectors that fit no task.
func (m *Manifest) unfound(s Selection, got found) NoTaskErrors {
	var out NoTaskErrors
	for _, id := range s.IDs {
		if !got.ids[id] {
			out = append(out, &NoTaskError{ID: id, Hint: m.nearest(id, isGlob(id))})
		}
	}
	for _, tag := range s.Tags {
		if !got.tags[tag] {
			out = append(out, &NoTaskError{Tag: tag, Hint: m.nearestTag(tag)})
		}
	}
	return out
}
