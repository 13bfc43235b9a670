package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// pruneGrace is how long after its end the runs of a batch may still stand in a
// listing that another batch reads to find its own.
const pruneGrace = time.Hour

// A Needed says that a batch must not be deleted yet.
type Needed struct {
	By       string // id of a batch that is not closed; "" when it was closed only just now
	Baseline string // the name of a baseline that it is; then By says nothing
}

func (e *Needed) Error() string {
	if e.Baseline != "" {
		return "it is the baseline " + e.Baseline
	}
	if e.By == "" {
		return "it was closed less than an hour ago"
	}
	return "batch " + e.By + " is unfinished: it may look for its runs among those of this one"
}

// ErrUnfinished says that a batch is not closed.
var ErrUnfinished = errors.New("the batch is unfinished")

// Prunable returns nil when a batch may be deleted at a moment, [ErrUnfinished]
// or a [*Needed].
//
// A ledger knows runs that are not another batch's to adopt. So what it knows is
// kept while a batch at the same address is unfinished that may have sent a
// create before the runs of this one were well past.
func (b *Batch) Prunable(now time.Time) error {
	var refused error
	err := b.store.read(func(c *connection) (err error) {
		refused, err = b.prunable(c, now)
		return err
	})
	return errors.Join(err, refused)
}

func (b *Batch) prunable(c *connection, now time.Time) (refused, err error) {
	info, err := b.info(c)
	if err != nil {
		return nil, err
	}
	if info.ClosedAt.IsZero() {
		return ErrUnfinished, nil
	}
	switch name, named, err := b.baseline(c); {
	case err != nil:
		return nil, err
	case named:
		return &Needed{Baseline: name}, nil
	}
	past := info.ClosedAt.Add(pruneGrace)
	if now.Before(past) {
		return &Needed{}, nil
	}
	var by string
	found, err := c.one(`
		SELECT id FROM batches WHERE closed_at IS NULL AND base_url = ? AND opened_at < ? ORDER BY key LIMIT 1`,
		[]any{info.BaseURL, nanos(past).Int64}, &by)
	if found {
		refused = &Needed{By: by}
	}
	return refused, err
}

// Prune deletes a batch that is [Batch.Prunable], with its tasks, attempts,
// results, side files and events. A side file whose result another batch took
// over stays until that one is deleted. From its first step on nobody sees the
// batch; what a crash leaves of it is removed by the next Prune or Begin of its
// name. The caller holds the [Lock] of the name.
func (s *Store) Prune(b *Batch, now time.Time) error {
	info, err := b.Info()
	if err != nil {
		return err
	}
	if err := s.sweep(info.Name); err != nil {
		return err
	}
	var refused error
	err = s.write(func(c *connection) (err error) {
		if refused, err = b.prunable(c, now); err != nil || refused != nil {
			return err
		}
		_, err = c.exec(`UPDATE batches SET complete = 0 WHERE key = ?`, b.key)
		return err
	})
	if err = errors.Join(err, refused); err != nil {
		return err
	}
	return s.remove(context.Background(), b.key)
}

// removeFiles removes the side files of a batch, but those that other batches
// have too. What can't be removed is an error: the rows that name it stay.
func (s *Store) removeFiles(key int64) error {
	var files []string
	shared := map[string]bool{}
	err := s.read(func(c *connection) error {
		names := func(into func(string)) func(*sql.Rows) (bool, error) {
			return func(rows *sql.Rows) (bool, error) {
				var name string
				err := rows.Scan(&name)
				into(name)
				return true, err
			}
		}
		err := c.all(`
			SELECT r.file FROM results r JOIN batches b ON b.key = r.batch AND b.complete = 0 WHERE r.batch = ? AND r.file IS NOT NULL`,
			[]any{key}, names(func(name string) { files = append(files, name) }))
		if err != nil || len(files) == 0 {
			return err
		}
		// A file lies in the folder of the batch that bought it; those that took
		// the result over say so.
		err = c.all(`
			SELECT r.file FROM tasks t JOIN results r ON r.batch = t.batch AND r.position = t.position AND r.attempt = 0
			WHERE t.reuse IS NOT NULL AND t.batch <> ? AND r.file IS NOT NULL`, []any{key}, names(func(name string) { shared[name] = true }))
		if err != nil {
			return err
		}
		return c.all(`
			SELECT mine.file FROM results mine
			JOIN batches b ON b.key <> mine.batch AND mine.file GLOB 'results/' || b.id || '/*'
			JOIN results r ON r.batch = b.key AND r.file = mine.file
			WHERE mine.batch = ? AND mine.attempt = 0 AND mine.file IS NOT NULL`, []any{key}, names(func(name string) { shared[name] = true }))
	})
	if err != nil {
		return err
	}
	slices.Sort(files)
	for _, name := range slices.Compact(files) {
		path := filepath.FromSlash(name)
		if shared[name] || !filepath.IsLocal(path) {
			continue
		}
		path = filepath.Join(s.dir, path)
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("a result's file: %w", err)
		}
		_ = os.Remove(filepath.Dir(path)) // once it is empty
	}
	return nil
}

// Compact gives the room that deleted batches took back to the file system, and
// returns the size of the ledger's file before and after. It copies all that is
// left, and nobody else can write meanwhile: the caller holds the locks of all
// names. After an error everything is as it was.
func Compact(dir string) (before, after int64, err error) {
	s, err := Open(dir)
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		err = errors.Join(err, s.Close())
		if info, e := os.Stat(s.path); e == nil {
			after = info.Size()
		}
	}()
	info, err := os.Stat(s.path)
	if err != nil {
		return 0, 0, err
	}
	before = info.Size()
	db, err := sql.Open("sqlite", source(s.path, "rw", busyTimeout))
	if err != nil {
		return before, before, err
	}
	_, err = db.ExecContext(context.Background(), "VACUUM")
	return before, before, errors.Join(err, db.Close())
}
