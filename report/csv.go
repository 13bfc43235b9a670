package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bbbatch/bbbatch/batch"
)

// maxShown is the size in bytes of the largest result whose values a table
// shows. A larger one was never read by the judge either; its row says so in
// error.
const maxShown = 64 << 20

// maxKept is the size in bytes up to which a buffer is kept for the next task: one
// large result must not be held by all that follow.
const maxKept = 4 << 20

// byteOrderMark is what Excel tells UTF-8 by.
const byteOrderMark = "\uFEFF"

// writeTable writes the header and the rows, in UTF-8. Lines end with LF, which
// diff and cron mail like better than CRLF and every spreadsheet reads.
func writeTable(w io.Writer, comma byte, o Options, s Source) error {
	info, err := s.Info()
	if err != nil {
		return err
	}
	schemas, err := s.Schemas()
	if err != nil {
		return err
	}
	if o.BOM {
		if _, err := io.WriteString(w, byteOrderMark); err != nil {
			return err
		}
	}
	t := newTable(o, schemas, info.Repeats)
	line := appendRow(nil, comma, t.header())
	if _, err := w.Write(line); err != nil {
		return err
	}
	tasks := s.Records(0)
	if info.Repeats && !o.Repetitions {
		tasks = folded(s)
	}
	for rec, err := range tasks {
		if err != nil {
			return err
		}
		for row, err := range t.rows(rec) {
			if err != nil {
				return err
			}
			line = appendRow(line[:0], comma, row)
			if _, err := w.Write(line); err != nil {
				return err
			}
			if cap(line) > maxKept {
				line = nil
			}
		}
	}
	return nil
}

// seconds is the time from start to end with three decimals, the rest cut off;
// "" when one of them is missing or the run would have ended before it began.
func seconds(start, end time.Time) string {
	if !isWritable(start) || !isWritable(end) || end.Before(start) {
		return ""
	}
	// time.Duration ends at 292 years, and a service can name any two times.
	whole := end.Unix() - start.Unix()
	nanos := end.Nanosecond() - start.Nanosecond()
	if nanos < 0 {
		whole, nanos = whole-1, nanos+1e9
	}
	ms := nanos / 1e6
	b := strconv.AppendInt(nil, whole, 10)
	return string(append(b, '.', '0'+byte(ms/100), '0'+byte(ms/10%10), '0'+byte(ms%10)))
}

// reasonInWords says why a task has not passed: the verdict's words, else what
// is known of its newest attempt.
func reasonInWords(rec batch.Record) string {
	if s := verdictInWords(rec.Verdict); s != "" || rec.Outcome == batch.Passed || rec.Outcome == batch.Skipped || len(rec.Attempts) == 0 {
		return s
	}
	last := rec.Attempts[len(rec.Attempts)-1]
	if last.Message == "" && last.Cause != nil {
		return joined(": ", last.Cause.Code, last.Cause.Message)
	}
	return last.Message
}

// Of the problems and the candidate runs, a sentence names this many.
const (
	maxProblems   = 3
	maxCandidates = 20
)

// verdictInWords is the verdict's message, else its first problems, and the
// runs that a task of unknown fate may have bought.
func verdictInWords(v batch.Verdict) string {
	words := v.Message
	if words == "" {
		var parts []string
		for i, p := range v.Problems {
			if i == maxProblems {
				parts = append(parts, fmt.Sprintf("and %s more", Count(len(v.Problems)-i)))
				break
			}
			parts = append(parts, joined(": ", p.InstancePath, p.Message))
		}
		words = strings.Join(parts, "; ")
	}
	var missing []string
	for _, id := range v.Candidates {
		if !strings.Contains(words, id) {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return words
	}
	more := ""
	if n := len(missing) - maxCandidates; n > 0 {
		missing, more = missing[:maxCandidates], fmt.Sprintf(" and %s more", Count(n))
	}
	return joined("; ", words, "runs to look at: "+strings.Join(missing, ", ")+more)
}

// joined joins the parts that are not empty.
func joined(sep string, parts ...string) string {
	var full []string
	for _, p := range parts {
		if p != "" {
			full = append(full, p)
		}
	}
	return strings.Join(full, sep)
}
