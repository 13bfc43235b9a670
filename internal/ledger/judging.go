package ledger

import (
	"database/sql"
	"fmt"
)

// Schema implements [batch.Ledger], for the schemas of this batch's tasks and
// agents.
func (b *Batch) Schema(digest string) (text []byte, err error) {
	err = b.store.read(func(c *connection) error {
		found, err := c.one(`SELECT text FROM schemas WHERE batch = ? AND digest = ?`, []any{b.key, digest}, &text)
		if err == nil && !found {
			err = fmt.Errorf("batch %s has no schema %q", b.id, digest)
		}
		return err
	})
	return text, err
}

// Agent implements [batch.Ledger].
func (b *Batch) Agent(id string) (schema []byte, ok bool, err error) {
	err = b.store.read(func(c *connection) error {
		ok, err = c.one(`
			SELECT s.text FROM agents a LEFT JOIN schemas s ON s.batch = a.batch AND s.digest = a.schema
			WHERE a.batch = ? AND a.id = ? AND a.read_at IS NOT NULL`, []any{b.key, id}, &schema)
		return err
	})
	return schema, ok, err
}

// Schemas returns the texts of the schemas that judge the batch's tasks: the
// task's own, else its agent's default once that has been read. They come in
// the order of the first task that uses each, and each comes once.
func (b *Batch) Schemas() (texts [][]byte, err error) {
	err = b.store.read(func(c *connection) error {
		return c.all(`
			SELECT s.text FROM (
				SELECT digest, position FROM schemas WHERE batch = ?1 AND position IS NOT NULL
				UNION ALL
				SELECT schema, position FROM agents WHERE batch = ?1 AND position IS NOT NULL AND schema IS NOT NULL
			) AS used JOIN schemas s ON s.batch = ?1 AND s.digest = used.digest
			GROUP BY s.digest ORDER BY min(used.position)`,
			[]any{b.key}, func(rows *sql.Rows) (bool, error) {
				var text []byte
				err := rows.Scan(&text)
				texts = append(texts, text)
				return true, err
			})
	})
	return texts, err
}
