package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// identify returns the id of one row's task after having tried to make the
// whole task, unless what the entry makes of it is known to be wrong. With an
// error the id is that of a task which is wrong elsewhere, or "".
func (x *expander) identify(e *entry, r *row) (string, error) {
	if e.faulty && (r == nil || r.skip == "") {
		return x.id(e, x.values(r))
	}
	t, err := x.expand(e, r)
	return t.ID, err
}

// firstPass expands every task, keeps nothing of it but a hash of its id, and
// counts.
func (l *loader) firstPass() {
	x := l.m.expander(nil)
	ids := newIDSet(slices.ContainsFunc(l.m.entries, func(e *entry) bool { return e.repeat != nil }))
	for _, e := range l.m.entries {
		var seen rowsSeen
		hidden := e.checkHidden()
		for r, err := range e.rows(false) {
			seen.add(r)
			if err != nil {
				seen.wrong = true
				l.rowProblem(e, r, err)
				continue
			}
			hidden.row(r)
			id, err := x.identify(e, r)
			if err != nil {
				l.rowProblem(e, r, err)
			}
			if id == "" {
				continue
			}
			l.m.Total += len(e.numbersOf(r))
			own := use{entry: int32(e.index)}
			if r != nil {
				own.number, own.line = int32(r.number), int32(r.line)
			}
			if c := l.claim(ids, id, own); c != nil {
				l.rowProblem(e, r, l.twice(e, id, *c))
			}
		}
		if !seen.wrong {
			hidden.close(l, seen.all-seen.skipped)
		}
		l.oddRows(e, seen)
	}
}

// rowsSeen counts the rows of an entry.
type rowsSeen struct {
	all, skipped int
	wrong        bool   // one could not be read
	first        string // why the first of those that are skipped is
}

func (s *rowsSeen) add(r *row) {
	s.all++
	if r != nil && r.skip != "" {
		if s.skipped++; s.skipped == 1 {
			s.first = r.skip
		}
	}
}

// oddRows warns of what is odd about an entry's rows as a whole.
func (l *loader) oddRows(e *entry, seen rowsSeen) {
	warn := func(n *node, message string) {
		p := n.problem(message, "")
		p.Warning = true
		l.ps.add(p)
	}
	c, _ := e.data.(*chosen)
	if seen.all-seen.skipped > 1 {
		l.sameForAll(e, seen.all-seen.skipped)
	}
	switch {
	case seen.skipped > 0 && c != nil:
		are := "s cannot be read and are skipped, the first: "
		if seen.skipped == 1 {
			are = " cannot be read and is skipped: "
		}
		warn(e.forEach, strings.TrimSuffix(many(seen.skipped, "row"), "s")+are+seen.first)
	case seen.all > 0 || e.forEach == nil:
	case c != nil && c.where != nil:
		warn(c.where, "no row of "+quote(e.forEach.text)+" fits: this entry makes no task")
	default:
		warn(e.forEach, quote(e.forEach.text)+" has no rows: this entry makes no task")
	}
}

// twice says who has the id already.
func (l *loader) twice(e *entry, id string, c clash) error {
	at := &evalError{node: e.node}
	if e.id != nil {
		at.node = e.id.node
	}
	where := fmt.Sprintf("tasks[%d]", c.first.entry)
	if other := l.entryOf(c.first); c.first.number > 0 && other != nil {
		where += ", " + other.at(&row{number: int(c.first.number), line: int(c.first.line)})
	} else if other != nil && other.matrix != nil {
		where += ", another combination of its matrix"
		if other.index != e.index {
			where = fmt.Sprintf("tasks[%d], a combination of its matrix", c.first.entry)
		}
	}
	at.hint = e.distinct(int(c.first.entry))
	switch {
	case c.own > 0:
		at.err = fmt.Errorf("the id %s of a repetition is already used by %s", quote(memberID(id, c.own)), where)
	case c.repeated:
		at.err = fmt.Errorf("the id %s is already used by a repetition of %s", quote(id), where)
	default:
		at.err = fmt.Errorf("the id %s is already used by %s", quote(id), where)
	}
	return at
}

// distinct is a hint how an id that the entry with the given index has too
// becomes one that only this entry, or only one of its rows, has.
func (e *entry) distinct(other int) string {
	switch {
	case e.id == nil:
		return "give the task an id of its own: id: …"
	case e.index != other && (e.forEach != nil || e.matrix != nil):
		return fmt.Sprintf("put something before it that other tasks do not have: id: %s", quote("other-"+e.id.node.text))
	case e.index != other:
		return "give each task an id of its own"
	}
	if name := e.apart(); name != "" {
		return fmt.Sprintf("add a value to the id in which the combinations differ, such as ${{ matrix.%s }}", name)
	}
	if e.data == nil {
		return "add a value to the id in which the combinations differ"
	}
	fields := visible(e.data)
	for _, name := range fields {
		if !e.id.takes(name) {
			return "add a value to the id in which the rows differ, such as " + rowValue(name)
		}
	}
	if len(fields) > 0 {
		return "the id has every column already: remove the row that is there twice"
	}
	return "add a value to the id in which the rows differ"
}

// at names a row, and a combination of the matrix, in words.
func (e *entry) at(r *row) string {
	if e.data == nil {
		return r.matrix.says()
	}
	file := e.data.name()
	if file == "" {
		file = e.node.doc.name
	}
	at := fmt.Sprintf("row %d (%s:%d)", r.number, file, r.line)
	if r.matrix != nil {
		at += ", " + r.matrix.says()
	}
	return at
}
