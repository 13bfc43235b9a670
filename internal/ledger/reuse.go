package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// Reusables are the runs of a ledger whose results another batch may take over:
// of tasks that passed, in batches of one provider and address. It is safe for
// use by one goroutine at a time. Who has one closes it.
type Reusables struct {
	store *Store
	conn  *connection
	count int
}

// Reusables gathers the runs that ended at since or later, by our clock, and that
// are not the batch's own.
func (b *Batch) Reusables(since time.Time) (*Reusables, error) {
	info, err := b.Info()
	if err != nil {
		return nil, err
	}
	return b.store.reusables(info.Provider, info.BaseURL, b.key, since)
}

// Reusables is as [Batch.Reusables], for a batch that is not there yet.
func (r *Reader) Reusables(provider, baseURL string, since time.Time) (*Reusables, error) {
	return r.store.reusables(provider, baseURL, 0, since)
}

// reusable is a table of its connection alone, which goes with it: fingerprints
// are looked up a million times, and a ledger that is read should have no index
// for what few batches ask. When a run ended is what the service says, where that
// can be true, and else when we first knew it.
const reusable = `
	CREATE TEMP TABLE reusable AS
	SELECT t.run, b.id AS batch, t.position, a.number, a.run_id, min(coalesce(
		CASE WHEN a.ended_at - a.clock BETWEEN a.known_at - 3600000000000 AND ?5 THEN a.ended_at - a.clock END, a.known_at), ?5) AS ended
	FROM batches b
	JOIN tasks t ON t.batch = b.key
	JOIN progress p ON p.batch = t.batch AND p.position = t.position
	JOIN attempts a ON a.batch = p.batch AND a.position = p.position AND a.number = p.attempt
	WHERE b.complete = 1 AND b.provider = ?1 AND b.base_url = ?2 AND b.key <> ?3
		AND p.state = 'done' AND p.outcome = 'passed' AND t.reuse IS NULL AND a.status = 'COMPLETED' AND a.run_id IS NOT NULL
		AND ended >= ?4`

func (s *Store) reusables(provider, baseURL string, except int64, since time.Time) (_ *Reusables, err error) {
	if err := s.refusal(); err != nil {
		return nil, err
	}
	r := &Reusables{store: s}
	if r.conn, err = connect(s.readers.db); err != nil {
		return nil, s.explain(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(s.explain(err), r.conn.discard())
		}
	}()
	// It guards tables of the connection's own as well.
	if _, err := r.conn.exec("PRAGMA query_only = 0"); err != nil {
		return nil, err
	}
	if _, err := r.conn.exec(reusable, provider, baseURL, except, bound(since), bound(time.Now())); err != nil {
		return nil, err
	}
	if _, err := r.conn.exec("CREATE INDEX temp.reusable_run ON reusable (run)"); err != nil {
		return nil, err
	}
	_, err = r.conn.one("SELECT count(*) FROM reusable", nil, &r.count)
	return r, err
}

// Find returns the run of the request with a fingerprint that ended last; nil
// when there is none.
func (r *Reusables) Find(run string) (*batch.Reuse, error) {
	if r.count == 0 {
		return nil, nil
	}
	var u batch.Reuse
	var ended sql.NullInt64
	found, err := r.conn.one(`SELECT batch, position, number, run_id, ended FROM reusable WHERE run = ? ORDER BY ended DESC, batch LIMIT 1`,
		[]any{run}, &u.Batch, &u.Position, &u.Attempt, &u.RunID, &ended)
	if err != nil {
		return nil, r.store.explain(err)
	}
	if !found {
		return nil, nil
	}
	u.EndedAt = moment(ended)
	return &u, nil
}

// Result reads the result of a run that Find returned; it is zero when the run
// had none.
func (r *Reusables) Result(u batch.Reuse) (batch.Result, error) {
	b, err := r.store.Batch(u.Batch)
	if err != nil {
		return batch.Result{}, err
	}
	return b.Result(u.Position, u.Attempt)
}

// Close lets go of what was gathered.
func (r *Reusables) Close() error {
	if err := r.conn.discard(); err != nil {
		return fmt.Errorf("%s: %w", r.store.path, err)
	}
	return nil
}
