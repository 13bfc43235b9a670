package ledger

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/bbbatch/bbbatch/batch"
)

// ErrNoBatch says that no batch has the id that was asked for.
var ErrNoBatch = errors.New("no such batch")

// An AmbiguousError says that several batches have ids that begin so.
type AmbiguousError struct {
	Prefix string
	IDs    []string // some of them
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("batch %q may be %s", e.Prefix, strings.Join(e.IDs, ", "))
}

// Labelled returns the batch of a name with a label, closed or not; ok is false
// when there is none.
func (s *Store) Labelled(name, label string) (b *Batch, ok bool, err error) {
	return s.newest(`SELECT key, id FROM batches WHERE complete = 1 AND name = ? AND label = ?`, name, label)
}

// Labelled is as [Store.Labelled].
func (r *Reader) Labelled(name, label string) (b *Batch, ok bool, err error) {
	return r.store.Labelled(name, label)
}

// ByLabel returns the batches with a label, of a name or of any when it is "",
// the newest first, some of them when there are many.
func (r *Reader) ByLabel(name, label string) (found []*Batch, err error) {
	err = r.store.read(func(c *connection) error {
		return c.all(`SELECT key, id FROM batches WHERE complete = 1 AND label = ?1 AND (?2 = '' OR name = ?2) ORDER BY key DESC LIMIT 4`,
			[]any{label, name}, func(rows *sql.Rows) (bool, error) {
				b := &Batch{store: r.store}
				found = append(found, b)
				return true, rows.Scan(&b.key, &b.id)
			})
	})
	return found, err
}

// Unfinished is as [Store.Unfinished].
func (r *Reader) Unfinished(name, provider, baseURL, selection string) (b *Batch, ok bool, err error) {
	return r.store.Unfinished(name, provider, baseURL, selection)
}

// Unfinished returns the newest batch of a name, provider, address and selection
// that has no label and is not closed; ok is false when there is none.
func (s *Store) Unfinished(name, provider, baseURL, selection string) (b *Batch, ok bool, err error) {
	return s.newest(`
		SELECT key, id FROM batches
		WHERE complete = 1 AND closed_at IS NULL AND label = '' AND name = ? AND provider = ? AND base_url = ? AND selection = ?
		ORDER BY key DESC LIMIT 1`, name, provider, baseURL, selection)
}

// OtherUnfinished returns the newest batches of a name, provider and address
// that are not closed and have another selection, at most so many, the newest
// first.
func (s *Store) OtherUnfinished(name, provider, baseURL, selection string, most int) ([]*Batch, error) {
	var found []*Batch
	err := s.read(func(c *connection) error {
		return c.all(`
			SELECT key, id FROM batches
			WHERE complete = 1 AND closed_at IS NULL AND label = '' AND name = ? AND provider = ? AND base_url = ? AND selection <> ?
			ORDER BY key DESC LIMIT ?`,
			[]any{name, provider, baseURL, selection, most}, func(rows *sql.Rows) (bool, error) {
				b := &Batch{store: s}
				found = append(found, b)
				return true, rows.Scan(&b.key, &b.id)
			})
	})
	return found, err
}

// Latest returns the newest batch of a name, or of any when it is "", closed or
// not; ok is false when there is none.
func (s *Store) Latest(name string) (b *Batch, ok bool, err error) {
	return s.newest(`SELECT key, id FROM batches WHERE complete = 1 AND (?1 = '' OR name = ?1) ORDER BY key DESC LIMIT 1`, name)
}

func (s *Store) newest(query string, args ...any) (b *Batch, ok bool, err error) {
	b = &Batch{store: s}
	err = s.read(func(c *connection) error {
		ok, err = c.one(query, args, &b.key, &b.id)
		return err
	})
	if err != nil || !ok {
		return nil, false, err
	}
	return b, true, nil
}

// Batch returns the batch with an id, or with the only id that begins so.
// [ErrNoBatch] when there is none, [*AmbiguousError] when there are several.
func (s *Store) Batch(id string) (*Batch, error) {
	prefix := strings.ToLower(id)
	var found []*Batch
	err := s.read(func(c *connection) error {
		return c.all(`SELECT key, id FROM batches WHERE complete = 1 AND substr(id, 1, ?) = ? ORDER BY key DESC LIMIT 4`,
			[]any{len(prefix), prefix}, func(rows *sql.Rows) (bool, error) {
				b := &Batch{store: s}
				found = append(found, b)
				return true, rows.Scan(&b.key, &b.id)
			})
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0 || prefix == "":
		return nil, fmt.Errorf("%s: %w: %q", s.path, ErrNoBatch, id)
	case len(found) > 1:
		e := &AmbiguousError{Prefix: id}
		for _, b := range found {
			e.IDs = append(e.IDs, b.id)
		}
		return nil, e
	}
	return found[0], nil
}

// Info describes the batch.
func (b *Batch) Info() (info batch.Info, err error) {
	err = b.store.read(func(c *connection) error {
		info, err = b.info(c)
		return err
	})
	return info, err
}

func (b *Batch) info(c *connection) (batch.Info, error) {
	var info batch.Info
	var opened, closed sql.NullInt64
	var policy []byte
	found, err := c.one(`
		SELECT id, name, provider, base_url, selection, label, policy, opened_at, closed_at, halted, total, manifest_path, manifest, params,
			EXISTS (SELECT 1 FROM tasks WHERE batch = key AND repeats IS NOT NULL)
		FROM batches WHERE key = ?`, []any{b.key},
		&info.ID, &info.Name, &info.Provider, &info.BaseURL, &info.Selection, &info.Label, &policy, &opened, &closed, &info.Halted, &info.Total,
		&info.ManifestPath, &info.Manifest, (*[]byte)(&info.Params), &info.Repeats)
	if err == nil && !found {
		err = fmt.Errorf("%w: %q", ErrNoBatch, b.id)
	}
	info.OpenedAt, info.ClosedAt = moment(opened), moment(closed)
	if err == nil {
		err = json.Unmarshal(policy, &info.Policy)
	}
	return info, err
}
