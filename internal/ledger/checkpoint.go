package ledger

import (
	"database/sql"
	"errors"
)

// checkpoint moves what the log has into the one file, as far as nobody is
// reading it. A batch that has just been filled is moved before anything is
// bought for it: of a log that is damaged later SQLite reads what comes before
// the damage, and without its batch a run could not be found by its marker.
func (s *Store) checkpoint() error {
	db, err := sql.Open("sqlite", source(s.path, "rw", busyTimeout))
	if err != nil {
		return err
	}
	_, err = db.Exec("PRAGMA wal_checkpoint(PASSIVE)")
	if err = errors.Join(err, db.Close()); err != nil {
		return s.explain(err)
	}
	return nil
}
