package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// A connection has its own statements, each prepared once. One goroutine uses
// it at a time. Writes have no context: none is cancelled half-way. Nor have
// reads, but for those that go through a whole batch to count it.
type connection struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt              // of one and all
	execs map[string]driver.StmtExecContext // of exec
	args  []driver.NamedValue               // of the exec under way
	until context.Context                   // of one and all, while a read may be given up
}

func connect(db *sql.DB) (*connection, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, until: context.Background(), stmts: map[string]*sql.Stmt{}, execs: map[string]driver.StmtExecContext{}}, nil
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

// exec returns how many rows changed. It gives the statement to the driver
// itself: a task takes a dozen of them, and database/sql would look for a
// connection and copy the arguments each time.
func (c *connection) exec(query string, args ...any) (changed int64, err error) {
	c.args = c.args[:0]
	for i, arg := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return 0, err
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	err = c.conn.Raw(func(conn any) error {
		stmt := c.execs[query]
		if stmt == nil {
			prepared, err := conn.(driver.Conn).Prepare(query)
			if err != nil {
				return err
			}
			stmt = prepared.(driver.StmtExecContext)
			c.execs[query] = stmt
		}
		res, err := stmt.ExecContext(context.Background(), c.args)
		if err == nil {
			changed, err = res.RowsAffected()
		}
		return err
	})
	clear(c.args) // lets go of what they hold
	return changed, err
}

// one reads one row; found is false when there is none.
func (c *connection) one(query string, args []any, into ...any) (found bool, err error) {
	stmt, err := c.stmt(query)
	if err != nil {
		return false, err
	}
	err = stmt.QueryRowContext(c.until, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// all calls each for every row until it returns false or an error.
func (c *connection) all(query string, args []any, each func(*sql.Rows) (bool, error)) error {
	return c.allUntil(c.until, query, args, each)
}

// allUntil is all for a read that takes long: it ends with ctx.
func (c *connection) allUntil(ctx context.Context, query string, args []any, each func(*sql.Rows) (bool, error)) (err error) {
	stmt, err := c.stmt(query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
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
	err := c.closeStmts()
	return errors.Join(err, c.conn.Close())
}

// discard closes a connection that nobody must use after this one.
func (c *connection) discard() error {
	err := c.closeStmts()
	if bad := c.conn.Raw(func(any) error { return driver.ErrBadConn }); !errors.Is(bad, driver.ErrBadConn) {
		err = errors.Join(err, bad)
	}
	return err
}

func (c *connection) closeStmts() error {
	var err error
	for _, stmt := range c.stmts {
		err = errors.Join(err, stmt.Close())
	}
	for _, stmt := range c.execs {
		err = errors.Join(err, c.conn.Raw(func(any) error { return stmt.(driver.Stmt).Close() }))
	}
	return err
}
