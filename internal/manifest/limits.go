package manifest

import "strconv"

// limits reads how fast the batch may go.
func (l *loader) limits(n *node) {
	n = l.goodMap(n)
	l.m.Concurrency = l.count(n.get("concurrency"))
	l.m.RequestsPerSecond = l.rate(n.get("requestsPerSecond"))
	l.m.CreatesPerMinute = l.rate(n.get("createsPerMinute"))
	l.m.PerGroup = l.count(n.get("perGroup"))
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
