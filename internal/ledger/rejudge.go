package ledger

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// Stored implements [batch.RejudgeLedger].
func (b *Batch) Stored(position int) (s batch.Stored, err error) {
	err = b.store.read(func(c *connection) error {
		var verdict, reuse []byte
		found, err := c.one(`
			SELECT v.data, t.reuse FROM verdicts v JOIN tasks t ON t.batch = v.batch AND t.position = v.position
			WHERE v.batch = ? AND v.position = ?`, []any{b.key, position}, &verdict, &reuse)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("batch %s has no verdict of task %d", b.id, position)
		}
		if s.Verdict, err = decodeVerdict(verdict); err != nil {
			return err
		}
		if reuse != nil {
			return json.Unmarshal(reuse, &s.Reuse)
		}
		return nil
	})
	return s, err
}

// A part of what was judged again is written in one transaction: so many results
// at most, and not many more bytes than that.
const (
	rejudgeMost  = 500
	rejudgeBytes = 4 << 20
)

// Rejudge writes what came of judging stored results again: each task's new
// verdict in the place of the old one, and what judges it from now on. A batch
// that is closed is so at every moment, and one that is halted stays halted.
// Nothing is judged inside a transaction. An error of the sequence ends it with
// what was written until then; [batch.ErrConflict] says that a task is no longer
// what it was when it was judged. The caller holds the [Lock] of the name.
func (b *Batch) Rejudge(at time.Time, message string, again iter.Seq2[batch.Rejudged, error]) error {
	info, err := b.Info()
	if err != nil {
		return err
	}
	p := rejudging{batch: b, info: info, at: at, message: message}
	for a, err := range again {
		if err == nil {
			err = p.add(a)
		}
		if err != nil {
			return errors.Join(err, p.flush())
		}
	}
	if err := p.flush(); err != nil || !p.edited {
		return err
	}
	return b.retireSchemas()
}

// A rejudging gathers a part.
type rejudging struct {
	batch   *Batch
	info    batch.Info
	at      time.Time
	message string

	part   []batch.Rejudged
	size   int
	edited bool // something was written that judges from now on
}

func (p *rejudging) add(a batch.Rejudged) error {
	p.part = append(p.part, a)
	p.size += len(a.Is.Message)
	for _, problem := range a.Is.Problems {
		p.size += len(problem.Message) + len(problem.InstancePath) + len(problem.Actual) + len(problem.Expected) + len(problem.Values)
	}
	if len(p.part) < rejudgeMost && p.size < rejudgeBytes {
		return nil
	}
	return p.flush()
}

func (p *rejudging) flush() error {
	if len(p.part) == 0 {
		return nil
	}
	writes, err := p.writes()
	if err != nil {
		return err
	}
	b := p.batch
	err = b.together(func(c *connection) (refused, err error) {
		for i := range writes {
			if err := writes[i].apply(c); err != nil || writes[i].refused != nil {
				return writes[i].refused, err
			}
		}
		for _, a := range p.part {
			if !a.Edited {
				continue
			}
			p.edited = true
			if err := b.judgeBy(c, a); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	p.part, p.size = p.part[:0], 0
	return err
}

// writes are the events of the part, between those that open and close a batch
// that is closed.
func (p *rejudging) writes() ([]write, error) {
	var events []batch.Event
	closed := !p.info.ClosedAt.IsZero()
	if closed {
		events = append(events, batch.Event{Kind: batch.BatchContinued, Position: -1, Message: p.message})
	}
	for _, a := range p.part {
		events = append(events, rejudged(a, p.message)...)
	}
	if closed && p.info.Halted != "" {
		events = append(events, batch.Event{Kind: batch.BatchHalted, Position: -1, Message: p.info.Halted})
	}
	if closed {
		events = append(events, batch.Event{Kind: batch.BatchClosed, Position: -1, Message: p.message})
	}
	writes := make([]write, len(events))
	for i, e := range events {
		e.At = p.at
		writes[i] = write{batch: p.batch, event: clean(e)}
		var err error
		if writes[i].data, writes[i].verdict, err = encode(writes[i].event); err != nil {
			return nil, err
		}
	}
	return writes, nil
}

// rejudged are the events of one task.
func rejudged(a batch.Rejudged, message string) []batch.Event {
	verdict := a.Is
	position, attempt := a.Row.Position, a.Row.Attempt
	return []batch.Event{
		{Kind: batch.TaskChanged, Position: position, Attempt: attempt, Then: batch.StateEnded, Stale: a.Row.Stale, Message: message},
		{Kind: batch.TaskJudged, Position: position, Attempt: attempt, Verdict: &verdict},
	}
}

// judgeBy writes what judges a task from now on.
func (b *Batch) judgeBy(c *connection, a batch.Rejudged) error {
	digest := ""
	if a.Schema != nil {
		digest = a.Schema.Digest()
		if _, err := c.exec(`
			INSERT INTO schemas (batch, digest, position, text) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			b.key, digest, a.Row.Position, a.Schema.Text()); err != nil {
			return err
		}
	}
	if a.Checks != nil {
		if err := b.addChecks(c, a.Checks); err != nil {
			return err
		}
	}
	if f := a.Facts; f != nil {
		var tags sql.NullString
		if len(f.Tags) > 0 {
			tags = jsonColumn(f.Tags)
		}
		if _, err := c.exec(`UPDATE tasks SET row = ?, matrix = ?, tags = ? WHERE batch = ? AND position = ?`,
			[]byte(f.Row), []byte(f.Matrix), tags, b.key, a.Row.Position); err != nil {
			return err
		}
	}
	_, err := c.exec(`
		UPDATE tasks SET judge = ?, schema = ?, checks = ?, run = coalesce(nullif(?, ''), run), template = ?, grp = ?
		WHERE batch = ? AND position = ?`,
		a.Judge, digest, a.Checks.Digest(), a.Run, a.Template, a.Group, b.key, a.Row.Position)
	return err
}

// retireSchemas lets the schemas that judge no task any more give the reports no
// columns; their text is kept.
func (b *Batch) retireSchemas() error {
	return b.store.write(func(c *connection) error {
		_, err := c.exec(`
			UPDATE schemas SET position = used.first
			FROM (SELECT s.digest, min(t.position) AS first FROM schemas s
				LEFT JOIN tasks t ON t.batch = s.batch AND t.schema = s.digest WHERE s.batch = ?1 GROUP BY s.digest) AS used
			WHERE schemas.batch = ?1 AND schemas.digest = used.digest AND schemas.position IS NOT used.first`, b.key)
		return err
	})
}

// together runs do in a transaction that is undone as a whole when it is
// refused.
func (b *Batch) together(do func(*connection) (refused, err error)) error {
	var refused error
	err := b.store.write(func(c *connection) error {
		if _, err := c.exec("SAVEPOINT together"); err != nil {
			return err
		}
		var err error
		if refused, err = do(c); err != nil {
			return err
		}
		if refused != nil {
			if _, err := c.exec("ROLLBACK TO together"); err != nil {
				return err
			}
			b.flight = nil
		}
		_, err = c.exec("RELEASE together")
		return err
	})
	if err == nil {
		err = refused
	}
	return err
}
