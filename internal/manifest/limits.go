package manifest

import "strconv"

// limits reads how fast the batch may go.
func (l *loader) limits(n *node) {
	n = l.goodMap(n)
	l.m.Concurrency = l.count(l.limit(n, "concurrency"))
	l.m.RequestsPerSecond = l.rate(l.limit(n, "requestsPerSecond"))
	l.m.CreatesPerMinute = l.rate(l.limit(n, "createsPerMinute"))
	l.m.PerGroup = l.count(l.limit(n, "perGroup"))
}

// limit returns a limit as a number. What a parameter gave is judged as what is
// written out: by the first alternative of the schema.
func (l *loader) limit(limits *node, key string) *node {
	n := limits.get(key)
	out := l.filled(n)
	switch {
	case out == nil || out == n:
		return out
	case out.kind == textual:
		l.ps.add(n.problem("must be a number, not "+out.says(), "a parameter is a number if its default is one"))
		return nil
	}
	l.judge.check(out, l.judge.root.Properties["limits"].Properties[key].AnyOf[0])
	return l.good(out)
}

// count reads a whole number, whose bounds the schema has judged; 0 for none.
func (l *loader) count(n *node) int {
	if n = l.good(n); n == nil || n.kind != numeric {
		return 0
	}
	count, _ := strconv.Atoi(n.text)
	return count
}

// rate reads a number of more than 0; 0 for none.
func (l *loader) rate(n *node) float64 {
	if n = l.good(n); n == nil {
		return 0
	}
	rate, _ := strconv.ParseFloat(n.text, 64)
	if rate == 0 {
		l.ps.wrong(n, "is too small: %s", cut(n.text))
	}
	return rate
}
