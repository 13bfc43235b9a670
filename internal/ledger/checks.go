package ledger

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/bbbatch/bbbatch/batch"
)

// addChecks writes checks that a task names.
func (b *Batch) addChecks(c *connection, checks *batch.Checks) error {
	_, err := c.exec(`INSERT INTO checks (batch, digest, text) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		b.key, checks.Digest(), jsonColumn(checks))
	return err
}

// Checks implements [batch.Ledger].
func (b *Batch) Checks(digest string) (checks batch.Checks, err error) {
	err = b.store.read(func(c *connection) error {
		checks, err = b.checks(c, digest)
		return err
	})
	return checks, err
}

func (b *Batch) checks(c *connection, digest string) (checks batch.Checks, err error) {
	var text []byte
	found, err := c.one(`SELECT text FROM checks WHERE batch = ? AND digest = ?`, []any{b.key, digest}, &text)
	switch {
	case err != nil:
		return checks, err
	case !found:
		return checks, fmt.Errorf("batch %s has no checks %q", b.id, digest)
	}
	if err := json.Unmarshal(text, &checks); err != nil || checks.Digest() != digest {
		return checks, fmt.Errorf("the stored checks %s: %w", digest, ErrDamaged)
	}
	return checks, nil
}

// Facts implements [batch.Ledger].
func (b *Batch) Facts(position int) (f batch.Facts, err error) {
	err = b.store.read(func(c *connection) error {
		var tags, reuse []byte
		var created, started, ended sql.NullInt64
		found, err := c.one(`
			SELECT t.row, t.matrix, t.tags, t.reuse, a.created_at, a.started_at, a.ended_at
			FROM tasks t JOIN progress p ON p.batch = t.batch AND p.position = t.position
			LEFT JOIN attempts a ON a.batch = p.batch AND a.position = p.position AND a.number = p.attempt
			WHERE t.batch = ? AND t.position = ?`,
			[]any{b.key, position}, (*[]byte)(&f.Row), (*[]byte)(&f.Matrix), &tags, &reuse, &created, &started, &ended)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("batch %s has no task %d", b.id, position)
		}
		f.CreatedAt, f.StartedAt, f.EndedAt = moment(created), moment(started), moment(ended)
		return unmarshalEach(part{tags, &f.Tags}, part{reuse, &f.Reuse})
	})
	return f, err
}

// A part is stored JSON, nil for none, and where it goes.
type part struct {
	text []byte
	into any
}

func unmarshalEach(parts ...part) error {
	for _, p := range parts {
		if p.text == nil {
			continue
		}
		if err := json.Unmarshal(p.text, p.into); err != nil {
			return err
		}
	}
	return nil
}

// withChecks gives the records of a page the checks that they name. known holds
// those that were read last.
func (b *Batch) withChecks(c *connection, page []batch.Record, digests []string, known map[string]*batch.Checks) error {
	for i, digest := range digests {
		if digest == "" {
			continue
		}
		if known[digest] == nil {
			checks, err := b.checks(c, digest)
			if err != nil {
				return err
			}
			if len(known) >= checksMost {
				clear(known)
			}
			known[digest] = &checks
		}
		page[i].Checks = known[digest]
	}
	return nil
}

// checksMost bounds how many checks are held while records are read.
const checksMost = 1000
