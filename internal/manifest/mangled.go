package manifest

// expressionText returns the source of an expression that stands in a value by
// itself, as in if, where, expect, that, batchExpect and columns. It returns
// false after a problem, which is filed: a value that is no text is an
// expression that YAML has mangled.
func (l *loader) expressionText(n *node) (string, bool) {
	switch n.kind {
	case textual, boolean, numeric:
		return n.text, true
	}
	l.ps.add(n.problem("must be an expression, not "+n.says(), "quote the expression"))
	return "", false
}
