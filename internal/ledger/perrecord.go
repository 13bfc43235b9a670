package ledger

import (
	"database/sql"
	"encoding/json"

	"github.com/bbbatch/bbbatch/batch"
)

// price gives the records of a page the price of their batch.
func (b *Batch) price(c *connection, page []batch.Record) error {
	var text []byte
	if _, err := c.one(`SELECT policy FROM batches WHERE key = ?`, []any{b.key}, &text); err != nil {
		return err
	}
	var policy batch.Policy
	if err := json.Unmarshal(text, &policy); err != nil {
		return err
	}
	for i := range page {
		page[i].Price = policy.Price
	}
	return nil
}

// passes tells the members of repetitions in a page how many of their group
// passed, wherever the others of the group are.
func (b *Batch) passes(c *connection, page []batch.Record) error {
	passed := map[string]int{}
	for _, r := range page {
		if r.Repeat != nil {
			passed[r.Repeat.Group] = 0
		}
	}
	if len(passed) == 0 {
		return nil
	}
	groups := make([]string, 0, len(passed))
	for group := range passed {
		groups = append(groups, group)
	}
	err := c.all(`
		SELECT t.repeats, count(*) FROM tasks t JOIN progress p ON p.batch = t.batch AND p.position = t.position
		WHERE t.batch = ? AND t.repeats IN (SELECT value FROM json_each(?)) AND p.outcome = 'passed' AND p.gone = 0
		GROUP BY t.repeats`,
		[]any{b.key, jsonColumn(groups)}, func(rows *sql.Rows) (bool, error) {
			var group string
			var n int
			err := rows.Scan(&group, &n)
			passed[group] = n
			return true, err
		})
	for i, r := range page {
		if r.Repeat != nil {
			page[i].Passed = passed[r.Repeat.Group]
		}
	}
	return err
}
