package ledger

import (
	"database/sql"

	"github.com/bbbatch/bbbatch/batch"
)

// skip writes a task that the manifest skips now. One that nothing was bought for
// is what the manifest says; one that was tried stays what it was.
func (m *merging) skip(change batch.Change) (refused, err error) {
	row, why := change.Row, text(change.Task.Skip)
	skipped := row.State == batch.StateDone && row.Outcome == batch.Skipped
	back := batch.Event{Kind: batch.TaskChanged, Position: row.Position, Attempt: row.Attempt, Message: "the manifest skips it now"}
	if skipped && (row.Left || row.Skip != why) {
		back.Then = batch.StatePending // to be skipped for another reason
	}
	if row.Left || back.Then != "" {
		if refused, err := m.event(back); refused != nil || err != nil {
			return refused, err
		}
	}
	if row.State == batch.StatePending || back.Then != "" {
		if refused, err := m.event(skipping(row.Position, row.Attempt, why)); refused != nil || err != nil {
			return refused, err
		}
	}
	if row.Attempt == 0 && (row.State == batch.StatePending || skipped) {
		return nil, m.write(m.adder.defined(change.Task), row.Position)
	}
	_, err = m.c.exec(`UPDATE tasks SET skip = ? WHERE batch = ? AND position = ? AND skip <> ?1`, why, m.batch.key, row.Position)
	return nil, err
}

// skipAdded ends the tasks from a position on that were added and are skipped.
func (m *merging) skipAdded(from int) (refused, err error) {
	type added struct {
		position int
		why      string
	}
	for {
		var page []added
		err := m.c.all(`SELECT position, skip FROM tasks WHERE batch = ? AND position >= ? AND skip <> '' ORDER BY position LIMIT ?`,
			[]any{m.batch.key, from, pageItems}, func(rows *sql.Rows) (bool, error) {
				var a added
				err := rows.Scan(&a.position, &a.why)
				page = append(page, a)
				return true, err
			})
		if err != nil || len(page) == 0 {
			return nil, err
		}
		for _, a := range page {
			if refused, err := m.event(skipping(a.position, 0, a.why)); refused != nil || err != nil {
				return refused, err
			}
			from = a.position + 1
		}
	}
}
