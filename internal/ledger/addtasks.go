package ledger

import (
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// A definition is a task as its row keeps it. Nothing of a variable's value is
// in it.
type definition struct {
	task       batch.Task
	run, judge string
	digest     string // of the schema, "" for none
	checks     string // digest, "" for none
}

// An adder writes tasks, and remembers the last schema and agent, since
// neighbours mostly share them.
type adder struct {
	batch  *Batch
	prints batch.Fingerprinter
	last   definition // the last task that was defined
	schema string     // the last digest that was written
	checks string     // likewise
	agent  string     // the last agent that was written
}

// defined computes what the row needs besides the task.
func (a *adder) defined(t batch.Task) definition {
	d := definition{task: t, run: a.prints.RunFingerprint(t.Spec), judge: a.prints.JudgeFingerprint(t)}
	if t.Schema != nil {
		d.digest = a.last.digest
		if a.last.task.Schema != t.Schema {
			d.digest = t.Schema.Digest()
		}
	}
	if t.Checks != nil {
		d.checks = a.last.checks
		if a.last.task.Checks != t.Checks {
			d.checks = t.Checks.Digest()
		}
	}
	a.last = d
	return d
}

// flush writes the chunk with its event.
func (a *adder) flush(chunk []definition) error {
	if len(chunk) == 0 {
		return nil
	}
	return a.batch.store.write(func(c *connection) error {
		for _, d := range chunk {
			if err := a.add(c, d); err != nil {
				return err
			}
		}
		return a.log(c, chunk)
	})
}

// add writes a task, whose id is not looked at.
func (a *adder) add(c *connection, d definition) error {
	t, key := d.task, a.batch.key
	_, err := c.exec(`
		INSERT INTO tasks (batch, position, id, `+defining+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		append([]any{key, t.Position, t.ID}, d.columns()...)...)
	if err != nil {
		return err
	}
	return a.addShared(c, d)
}

// defining names the columns that [definition.columns] fills.
const defining = `template, row, run, judge, schema, agent, timeout, text, grp, tags, repeat, repeats, matrix, checks, hidden, skip`

// columns are what of a task may be edited, from its template on.
func (d definition) columns() []any {
	t := d.task
	var tags, repeat, repeats, hidden sql.NullString
	if len(t.Tags) > 0 {
		tags = jsonColumn(t.Tags)
	}
	if t.Repeat != nil {
		repeat, repeats = jsonColumn(t.Repeat), sql.NullString{String: t.Repeat.Group, Valid: true}
	}
	if len(t.Hidden) > 0 {
		hidden = jsonColumn(slices.Sorted(maps.Keys(t.Hidden)))
	}
	return []any{
		t.Template, []byte(t.Row), d.run, d.judge, d.digest, t.Spec.AgentID, int64(t.Timeout), t.Spec.Task,
		t.Group, tags, repeat, repeats, []byte(t.Matrix), d.checks, hidden, text(t.Skip),
	}
}

func jsonColumn(v any) sql.NullString {
	text, err := marshal(v)
	if err != nil {
		panic(err) // strings and numbers
	}
	return sql.NullString{String: string(text), Valid: true}
}

// addShared writes the schema, the checks and the agent that a task names.
func (a *adder) addShared(c *connection, d definition) (err error) {
	t, key := d.task, a.batch.key
	if d.digest != "" && d.digest != a.schema {
		a.schema = d.digest
		_, err = c.exec(`INSERT INTO schemas (batch, digest, position, text) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			key, d.digest, t.Position, t.Schema.Text())
	}
	if err == nil && d.checks != "" && d.checks != a.checks {
		a.checks = d.checks
		err = a.batch.addChecks(c, t.Checks)
	}
	if err == nil && d.digest == "" && t.Spec.AgentID != "" && t.Spec.AgentID != a.agent {
		a.agent = t.Spec.AgentID
		_, err = c.exec(`INSERT INTO agents (batch, id, position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, key, a.agent, t.Position)
	}
	return err
}

// log writes the chunk's states and its events.
func (a *adder) log(c *connection, chunk []definition) error {
	first, last := chunk[0].task.Position, chunk[len(chunk)-1].task.Position
	if _, err := c.exec(`
		INSERT INTO progress (batch, position, state, outcome)
		SELECT batch, position, CASE WHEN skip = '' THEN 'pending' ELSE 'done' END, CASE WHEN skip = '' THEN '' ELSE 'skipped' END
		FROM tasks WHERE batch = ? AND position BETWEEN ? AND ?`,
		a.batch.key, first, last); err != nil {
		return err
	}
	e := batch.Event{Kind: batch.TaskAdded, Position: first, Last: last, At: time.Now()}
	data, _, err := encode(e)
	if err != nil {
		return err
	}
	w := write{batch: a.batch, event: e, data: data}
	if err := w.log(c, first); err != nil {
		return err
	}
	for _, d := range chunk {
		if d.task.Skip == "" {
			continue
		}
		w := write{batch: a.batch, event: clean(skipping(d.task.Position, 0, d.task.Skip))}
		w.event.At = e.At
		if w.data, w.verdict, err = encode(w.event); err != nil {
			return err
		}
		if err := errors.Join(w.keepVerdict(c), w.log(c, d.task.Position)); err != nil {
			return err
		}
	}
	return nil
}

// skipping is the event of a task that nothing is bought for, and why.
func skipping(position, attempt int, why string) batch.Event {
	return batch.Event{
		Kind: batch.TaskSkipped, Position: position, Attempt: attempt,
		Verdict: &batch.Verdict{Outcome: batch.Skipped, Message: why},
	}
}
