package ledger

import (
	"bytes"
	"database/sql"
	"iter"

	"github.com/bbbatch/bbbatch/batch"
)

// A kept is what the batch has of one task's definition.
type kept struct {
	place   int
	id      string
	columns []any // as of [definition.columns]
	left    bool
	stale   bool
	tried   bool // it had an attempt
}

// The places of the run fingerprint and of why it is skipped among the columns.
const (
	runColumn  = 2
	skipColumn = 15
)

// Unedited reports whether tasks are those that the batch has, in its order, with
// all that reports show of them. A task that is stale may go on asking something
// else. Those that left the manifest before are not missed.
func (b *Batch) Unedited(tasks iter.Seq2[batch.Task, error]) (bool, error) {
	next, stop := iter.Pull2(b.definitions())
	defer stop()
	add := adder{batch: b}
	for t, err := range tasks {
		if err != nil {
			return false, err
		}
		have, err, ok := next()
		if err != nil {
			return false, err
		}
		if !ok || have.left || have.id != t.ID || !have.is(add.defined(t)) {
			return false, nil
		}
	}
	have, err, ok := next()
	return err == nil && (!ok || have.left), err
}

// is reports whether a definition is the one that is kept.
func (s *kept) is(d definition) bool {
	if s.stale {
		return d.run != s.columns[runColumn].(string)
	}
	if d.task.Skip != "" && s.tried { // it stays what it was when it was tried
		return text(d.task.Skip) == s.columns[skipColumn].(string)
	}
	for i, want := range d.columns() {
		if text, ok := want.([]byte); ok {
			if !bytes.Equal(text, s.columns[i].([]byte)) {
				return false
			}
		} else if want != s.columns[i] {
			return false
		}
	}
	return true
}

// definitions yields what the batch has of its tasks, in the manifest's order.
func (b *Batch) definitions() iter.Seq2[kept, error] {
	const columns = `t.id, p.gone, p.stale, p.attempt > 0, t.template, t.row, t.run, t.judge, t.schema, t.agent, t.timeout, t.text, t.grp, t.tags, t.repeat, t.repeats, t.matrix, t.checks, t.hidden, t.skip `
	const tables = `JOIN tasks t ON t.batch = p.batch AND t.position = p.position WHERE p.batch = ? `
	return pages(0, func(from int) (page []kept, last int, err error) {
		size := 0
		err = b.store.read(func(c *connection) error {
			placed, err := b.placed(c)
			if err != nil {
				return err
			}
			query := `SELECT p.position, ` + columns + `FROM progress p ` + tables + `AND p.position >= ? ORDER BY p.position LIMIT ?`
			if placed {
				query = `SELECT o.place, ` + columns + `FROM places o JOIN progress p ON p.batch = o.batch AND p.position = o.position ` +
					tables + `AND o.place >= ? ORDER BY o.place LIMIT ?`
			}
			return c.all(query, []any{b.key, from, pageItems}, func(rows *sql.Rows) (bool, error) {
				s, err := scanKept(rows)
				page, last = append(page, s), s.place
				size += len(s.columns[1].([]byte))
				return size < pageBytes, err
			})
		})
		return page, last, err
	})
}

func scanKept(rows *sql.Rows) (s kept, err error) {
	var template, run, judge, digest, agent, text, group, checks, skip string
	var row, matrix []byte
	var timeout int64
	var tags, repeat, repeats, hidden sql.NullString
	err = rows.Scan(&s.place, &s.id, &s.left, &s.stale, &s.tried,
		&template, &row, &run, &judge, &digest, &agent, &timeout, &text, &group, &tags, &repeat, &repeats, &matrix, &checks, &hidden, &skip)
	s.columns = []any{template, row, run, judge, digest, agent, timeout, text, group, tags, repeat, repeats, matrix, checks, hidden, skip}
	return s, err
}
