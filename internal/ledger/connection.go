package ledger

import (
	"context"
	"database/sql"
	"errors"
)

// A connection has its own statements, each prepared once. One goroutine uses
// it at a time. Nothing has a context: a write is never cancelled half-way, and
// reads are short.
type connection struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func connect(db *sql.DB) (*connection, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

func (c *connection) stmt(query string) (*sql.Stmt, error) {
	if stmt := c.stmts[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := c.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = stmt
	return stmt, nil
}

// exec returns how many rows changed.
func (c *connection) exec(query string, args ...any) (int64, error) {
	stmt, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := stmt.Exec(args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// one reads one row; found is false when there is none.
func (c *connection) one(query string, args []any, into ...any) (found bool, err error) {
	stmt, err := c.stmt(query)
	if err != nil {
		return false, err
	}
	err = stmt.QueryRow(args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// all calls each for every row until it returns false or an error.
func (c *connection) all(query string, args []any, each func(*sql.Rows) (bool, error)) (err error) {
	stmt, err := c.stmt(query)
	if err != nil {
		return err
	}
	rows, err := stmt.Query(args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if more, err := each(rows); err != nil || !more {
			return err
		}
	}
	return rows.Err()
}

func (c *connection) close() error {
	var err error
	for _, stmt := range c.stmts {
		err = errors.Join(err, stmt.Close())
	}
	return errors.Join(err, c.conn.Close())
}
