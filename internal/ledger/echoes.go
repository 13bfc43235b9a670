package ledger

import (
	"database/sql"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// The words of what an answer repeated, as the echo column has them.
const (
	echoText   = "text"
	echoAgent  = "agent"
	echoSchema = "schema"
	echoMarker = "marker"
)

// echoWords is what the echo column keeps of e; NULL for nil.
func echoWords(e *batch.Echo) sql.NullString {
	if e == nil {
		return sql.NullString{}
	}
	var words []string
	for _, w := range []struct {
		is   bool
		word string
	}{{e.Text, echoText}, {e.Agent, echoAgent}, {e.Schema, echoSchema}, {e.Marker, echoMarker}} {
		if w.is {
			words = append(words, w.word)
		}
	}
	return sql.NullString{String: strings.Join(words, " "), Valid: true}
}

func parseEcho(s string) *batch.Echo {
	words := strings.Fields(s)
	return &batch.Echo{
		Text: slices.Contains(words, echoText), Agent: slices.Contains(words, echoAgent),
		Schema: slices.Contains(words, echoSchema), Marker: slices.Contains(words, echoMarker),
	}
}

// Echoes implements [batch.Ledger].
func (b *Batch) Echoes() (e batch.Echoes, err error) {
	e = batch.Echoes{Text: true, Agent: true, Schema: true, Marker: true}
	err = b.store.read(func(c *connection) error {
		const compared = `
			SELECT a.echo, a.marker <> '' FROM attempts a
			JOIN batches b ON b.key = a.batch JOIN batches me ON me.key = ?
			WHERE a.echo IS NOT NULL AND b.provider = me.provider AND b.base_url = me.base_url
			ORDER BY a.known_at DESC LIMIT 100`
		err := c.all(compared, []any{b.key}, func(rows *sql.Rows) (bool, error) {
			var words string
			var marked bool
			if err := rows.Scan(&words, &marked); err != nil {
				return false, err
			}
			one := parseEcho(words)
			e.Seen++
			e.Text, e.Agent, e.Schema = e.Text && one.Text, e.Agent && one.Agent, e.Schema && one.Schema
			if marked {
				e.Marked++
				e.Marker = e.Marker && one.Marker
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		// A request was refused with its marker, and the same without it was not.
		const refused = `
			SELECT 1 FROM attempts a JOIN attempts again
				ON again.batch = a.batch AND again.position = a.position AND again.number = a.number + 1
			JOIN batches b ON b.key = a.batch JOIN batches me ON me.key = ?
			WHERE a.rejected = 1 AND a.marker <> '' AND again.marker = '' AND again.run_id IS NOT NULL
				AND b.provider = me.provider AND b.base_url = me.base_url LIMIT 1`
		var one int
		e.Unmarked, err = c.one(refused, []any{b.key}, &one)
		return err
	})
	return e, err
}

// Doubts implements [batch.Ledger].
func (b *Batch) Doubts(since time.Time) iter.Seq2[batch.Doubt, error] {
	const query = `
		SELECT coalesce(a.text, t.text), coalesce(a.agent, t.agent), a.digest
		FROM (
			SELECT batch, position, attempt AS number FROM progress WHERE state = 'unsure' OR outcome = 'unknown'
			UNION
			SELECT batch, position, number FROM attempts WHERE outcome = 'unknown'
		) AS d
		JOIN batches b ON b.key = d.batch JOIN batches me ON me.key = ?
		JOIN tasks t ON t.batch = d.batch AND t.position = d.position
		JOIN attempts a ON a.batch = d.batch AND a.position = d.position AND a.number = d.number
		WHERE b.complete = 1
			AND b.provider = me.provider AND b.base_url = me.base_url AND a.intended_at >= ?
		ORDER BY d.batch, d.position, d.number LIMIT ? OFFSET ?`
	return pages(0, func(from int) (page []batch.Doubt, last int, err error) {
		err = b.store.read(func(c *connection) error {
			return c.all(query, []any{b.key, nanos(since).Int64, pageItems, from}, func(rows *sql.Rows) (bool, error) {
				var d batch.Doubt
				err := rows.Scan(&d.Text, &d.Agent, &d.Digest)
				page = append(page, d)
				return true, err
			})
		})
		return page, from + len(page) - 1, err
	})
}
