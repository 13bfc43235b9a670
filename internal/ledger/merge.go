package ledger

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A merging writes the changes of one Continue, inside its transaction. Of its
// two errors one says that the changes can't be made, the other is the ledger's.
type merging struct {
	batch *Batch
	c     *connection
	at    time.Time
	adder adder

	next  int  // position of the next new task
	place int  // of the next task
	total int  // tasks that the manifest has
	moved bool // a task's place is not its position
}

// all writes every change and the order that they come in.
func (m *merging) all(changes iter.Seq2[batch.Change, error]) (refused, err error) {
	key := m.batch.key
	if _, err := m.c.one(`SELECT coalesce(max(position) + 1, 0) FROM tasks WHERE batch = ?`, []any{key}, &m.next); err != nil {
		return nil, err
	}
	if _, err := m.c.exec(`DELETE FROM places WHERE batch = ?`, key); err != nil {
		return nil, err
	}
	first := m.next
	for change, err := range changes {
		if err != nil {
			return err, nil
		}
		if refused, err := m.one(change); refused != nil || err != nil {
			return refused, err
		}
	}
	if first < m.next {
		e := batch.Event{Kind: batch.TaskAdded, Position: first, Last: m.next - 1, At: m.at}
		data, _, err := encode(e)
		if err != nil {
			return nil, err
		}
		w := write{batch: m.batch, event: e, data: data}
		if err := w.log(m.c, first); err != nil {
			return nil, err
		}
		if refused, err := m.skipAdded(first); refused != nil || err != nil {
			return refused, err
		}
	}
	if !m.moved {
		if _, err := m.c.exec(`DELETE FROM places WHERE batch = ?`, key); err != nil {
			return nil, err
		}
	}
	_, err = m.c.exec(`UPDATE batches SET total = ?, placed = ? WHERE key = ?`, m.total, m.moved, key)
	return nil, err
}

// one writes what becomes of one task, and its place.
func (m *merging) one(change batch.Change) (refused, err error) {
	position := change.Row.Position
	switch {
	case change.Class == batch.ClassLeft:
		refused, err = m.leave(change.Row)
	case change.Row.ID == "":
		position = m.next
		refused, err = m.add(change.Task)
	default:
		m.total++
		refused, err = m.define(change)
	}
	if refused != nil || err != nil {
		return refused, err
	}
	if position != m.place {
		m.moved = true
	}
	_, err = m.c.exec(`INSERT INTO places (batch, place, position) VALUES (?, ?, ?)`, m.batch.key, m.place, position)
	m.place++
	return nil, err
}

// leave takes note that the manifest no longer has a task. What has not started
// will not.
func (m *merging) leave(row batch.Row) (refused, err error) {
	if !row.Left {
		refused, err = m.event(batch.Event{Kind: batch.TaskLeft, Position: row.Position, Attempt: row.Attempt})
	}
	if refused != nil || err != nil || row.State != batch.StatePending {
		return refused, err
	}
	return m.event(batch.Event{
		Kind: batch.TaskSkipped, Position: row.Position, Attempt: row.Attempt,
		Verdict: &batch.Verdict{Outcome: batch.Skipped, Message: "the manifest no longer has it"},
	})
}

// add writes a task that is new.
func (m *merging) add(t batch.Task) (refused, err error) {
	t.Position = m.next
	m.next++
	m.total++
	n, err := m.c.exec(`INSERT INTO ids (batch, id, position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, m.batch.key, t.ID, t.Position)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return errSameID(t.ID), nil
	}
	if err := m.adder.add(m.c, m.adder.defined(t)); err != nil {
		return nil, err
	}
	_, err = m.c.exec(`INSERT INTO progress (batch, position, state) VALUES (?, ?, ?)`, m.batch.key, t.Position, string(batch.StatePending))
	return nil, err
}

// define writes a task as the manifest has it now. One that is stale stays what
// it was when it passed.
func (m *merging) define(change batch.Change) (refused, err error) {
	if change.Task.Skip != "" {
		return m.skip(change)
	}
	row := change.Row
	e := batch.Event{Kind: batch.TaskChanged, Position: row.Position, Attempt: row.Attempt, Then: then(change), Message: change.Why}
	if change.Class == batch.ClassStale {
		if row.Stale && !row.Left {
			return nil, nil
		}
		e.Stale = true
		return m.event(e)
	}
	if row.State != batch.StatePending && row.State != batch.StateDone {
		change.Task.Hidden = hiddenBesides(change.Task.Hidden, row.Hidden)
	}
	d := m.adder.defined(change.Task)
	if d.run != row.Run && (row.State == batch.StateStarting || row.State == batch.StateUnsure) {
		return fmt.Errorf("task %q is edited while it is not known whether it has a run: %w", row.ID, batch.ErrConflict), nil
	}
	if e.Then != "" || d.run != row.Run || d.judge != row.Judge || row.Left || row.Stale {
		if refused, err := m.event(e); refused != nil || err != nil {
			return refused, err
		}
	}
	return nil, m.write(d, row.Position)
}

// write writes a definition in the place of the one that was.
func (m *merging) write(d definition, position int) error {
	const values = `(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)`
	_, err := m.c.exec(`
		UPDATE tasks SET (`+defining+`) = `+values+` WHERE batch = ?17 AND position = ?18 AND (`+defining+`) IS NOT `+values,
		append(d.columns(), m.batch.key, position)...)
	return errors.Join(err, m.adder.addShared(m.c, d))
}

// hiddenBesides adds to the secret cells of a row that was edited while its run
// is in flight those that the run was bought with: it may repeat them.
func hiddenBesides(now map[string]string, before []string) map[string]string {
	both := maps.Clone(now)
	for _, column := range before {
		if _, ok := both[column]; !ok {
			if both == nil {
				both = map[string]string{}
			}
			both[column] = ""
		}
	}
	return both
}

// then is where a change moves its task: "" leaves it where it is.
func then(change batch.Change) batch.State {
	switch {
	case change.Row.State != batch.StateDone:
		return ""
	case change.Class.Buys():
		return batch.StatePending
	case change.Class == batch.ClassRejudged:
		return batch.StateEnded
	}
	return ""
}

// event writes an event with the state that it leads to.
func (m *merging) event(e batch.Event) (refused, err error) {
	e = clean(e)
	e.At = m.at
	w := write{batch: m.batch, event: e}
	if w.data, w.verdict, err = encode(e); err != nil {
		return nil, err
	}
	err = w.apply(m.c)
	return w.refused, err
}
