package manifest

import (
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// baseline reads what the finished batch is compared with; nil for nothing.
func (l *loader) baseline(n *node) *Baseline {
	if n = l.goodMap(n); n == nil {
		return nil
	}
	b := &Baseline{Tolerance: map[string]float64{}, Keys: map[string]string{}}
	if from := l.good(n.get("from")); from != nil {
		l.forbid(from)
		b.From, b.Line, b.Column = from.text, from.line, from.column
		if isReportPath(from.text) {
			b.From = l.resolve(from.text)
		}
	}
	if failOn := l.good(n.get("failOn")); failOn != nil {
		b.FailOn = []string{} // an empty list is not none
		for _, word := range failOn.items {
			b.FailOn = append(b.FailOn, word.text)
		}
	}
	for _, path := range l.items(n.get("ignore")) {
		b.Ignore = append(b.Ignore, path.text)
	}
	if tolerance := l.good(n.get("tolerance")); tolerance != nil {
		for _, f := range tolerance.fields {
			if l.good(f.value) == nil {
				continue
			}
			by, err := strconv.ParseFloat(f.value.text, 64)
			if err != nil || math.IsInf(by, 0) {
				l.ps.wrong(f.value, "is out of range: %s", cut(f.value.text))
			}
			b.Tolerance[f.key] = by
		}
	}
	if keys := l.good(n.get("keys")); keys != nil {
		for _, f := range keys.fields {
			b.Keys[f.key] = f.value.text
		}
	}
	return b
}

// isReportPath reports whether a baseline is a file rather than a name.
func isReportPath(from string) bool {
	ext := strings.ToLower(filepath.Ext(from))
	return ext == ".jsonl" || ext == ".ndjson"
}

// defaultNotify is how long a program may take that is told of a batch's end.
const defaultNotify = 30 * time.Second

// notify reads which program is told how the batch ended; nil for none.
func (l *loader) notify(n *node) *Notify {
	if n = l.goodMap(n); n == nil {
		return nil
	}
	out := &Notify{Timeout: defaultNotify}
	for _, word := range l.items(n.get("on")) {
		out.On = append(out.On, word.text)
	}
	for _, word := range l.items(n.get("command")) {
		l.forbid(word)
		out.Command = append(out.Command, word.text)
	}
	if t := l.good(n.get("timeout")); t != nil {
		out.Timeout = l.duration(t)
	}
	return out
}
