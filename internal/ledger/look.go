package ledger

import (
	"database/sql"
	"iter"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A TaskID is a task by its name, with the outcome that readers see.
type TaskID struct {
	ID      string
	Outcome batch.Outcome
}

// IDs yields the tasks whose ids begin with prefix, by id in the order of their
// bytes.
func (b *Batch) IDs(prefix string) iter.Seq2[TaskID, error] {
	const query = `
		SELECT t.id, p.state, p.outcome, b.halted <> '', b.closed_at IS NOT NULL
		FROM ids t JOIN batches b ON b.key = t.batch
		JOIN progress p ON p.batch = t.batch AND p.position = t.position
		WHERE t.batch = ?1 AND t.id >= ?2 AND t.id < ?2 || char(0x10FFFF) AND t.id > ?3 ORDER BY t.id LIMIT ?4`
	return func(yield func(TaskID, error) bool) {
		for last := ""; ; {
			var page []TaskID
			err := b.store.read(func(c *connection) error {
				return c.all(query, []any{b.key, prefix, last, pageItems}, func(rows *sql.Rows) (bool, error) {
					var t TaskID
					var state batch.State
					var halted, closed bool
					err := rows.Scan(&t.ID, &state, &t.Outcome, &halted, &closed)
					t.Outcome = display(state, t.Outcome, halted, closed)
					page = append(page, t)
					return true, err
				})
			})
			if err != nil {
				yield(TaskID{}, err)
				return
			}
			for _, t := range page {
				if !yield(t, nil) {
					return
				}
				last = t.ID
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

// Find returns the position of the task with an id; ok is false when there is
// none.
func (b *Batch) Find(id string) (position int, ok bool, err error) {
	err = b.store.read(func(c *connection) error {
		ok, err = c.one(`SELECT position FROM ids WHERE batch = ? AND id = ?`, []any{b.key, id}, &position)
		return err
	})
	return position, ok, err
}

// TaskEvents returns what happened to one task, in the order in which it was
// written, from the task.added of its range on.
func (b *Batch) TaskEvents(position int) (events []batch.Event, err error) {
	err = b.store.read(func(c *connection) error {
		return c.all(`
			SELECT position, attempt, at, kind, data FROM events
			WHERE batch = ?1 AND (position = ?2 OR kind = ?3 AND position < ?2) ORDER BY seq`,
			[]any{b.key, position, string(batch.TaskAdded)}, func(rows *sql.Rows) (bool, error) {
				var e batch.Event
				var at sql.NullInt64
				var data []byte
				if err := rows.Scan(&e.Position, &e.Attempt, &at, &e.Kind, &data); err != nil {
					return false, err
				}
				e.At = moment(at)
				if err := readEvent(data, &e); err != nil {
					return false, err
				}
				if e.Kind != batch.TaskAdded || e.Last >= position {
					events = append(events, e)
				}
				return true, nil
			})
	})
	return events, err
}

// A Pace is how a batch has moved lately.
type Pace struct {
	Judged int       // tasks that came to their end
	From   time.Time // when the counting began, by our clock
	Last   time.Time // the newest event
}

// paceEvents bounds what Pace reads.
const paceEvents = 5000

// Pace counts back from the newest event to since, or to where a process took
// the batch up, whichever is later. It reads 5,000 events at most.
func (b *Batch) Pace(since time.Time) (p Pace, err error) {
	err = b.store.read(func(c *connection) error {
		return c.all(`SELECT kind, at FROM events WHERE batch = ? ORDER BY seq DESC LIMIT ?`,
			[]any{b.key, paceEvents}, func(rows *sql.Rows) (bool, error) {
				var kind batch.Kind
				var nanos sql.NullInt64
				if err := rows.Scan(&kind, &nanos); err != nil {
					return false, err
				}
				at := moment(nanos)
				if p.Last.IsZero() {
					p.Last = at
				}
				if at.Before(since) {
					p.From = since
					return false, nil
				}
				p.From = at
				if kind == batch.TaskJudged {
					p.Judged++
				}
				return kind != batch.BatchOpened && kind != batch.BatchContinued, nil
			})
	})
	return p, err
}
