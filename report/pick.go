package report

// A picker gathers the values of a table's result columns from one result
// after another.
type picker struct {
	columns *columns
	values  [][]byte // by column; compact JSON, nil where the result has nothing
	round   uint64
	open    []*node // the objects we are in
}

func newPicker(c *columns) *picker {
	return &picker{columns: c, values: make([][]byte, len(c.names))}
}

// pick reads doc, which comes from compact, once from front to back and
// returns the value of every column, good until the next call. It goes only
// into objects that the schemas describe and passes over everything else
// without recursion.
//
// Of a key that comes twice the last value counts, as it does for the judge.
// A value where the schemas declare an object with columns of its own is shown
// in the first of those columns: the result is invalid, but what it says is
// seen.
func (p *picker) pick(doc []byte, unwrapped bool) [][]byte {
	clear(p.values)
	p.round++
	p.open = p.open[:0]
	start := p.columns.root
	if unwrapped {
		start = p.columns.wrapped
	}
	for i := p.value(doc, 0, start); len(p.open) > 0; {
		switch doc[i] {
		case '}':
			p.open = p.open[:len(p.open)-1]
			i++
		case ',':
			i++
		default:
			end := stringEnd(doc, i)
			child := p.open[len(p.open)-1].children[unquote(doc[i:end])]
			i = p.value(doc, end+1, child)
		}
	}
	return p.values
}

// value takes the value at doc[i], which n describes, and returns where to read
// on: behind the value, or inside it when it is an object to go into.
func (p *picker) value(doc []byte, i int, n *node) int {
	end := 0
	if n == nil {
		return valueEnd(doc, i)
	}
	if n.round == p.round {
		for _, column := range n.below {
			p.values[column] = nil
		}
	}
	n.round = p.round

	into := doc[i] == '{' && len(n.children) > 0
	if n.column >= 0 || !into {
		end = valueEnd(doc, i)
	}
	switch {
	case n.column >= 0:
		p.values[n.column] = doc[i:end]
	case !into && len(n.below) > 0:
		p.values[n.below[0]] = doc[i:end]
	}
	if into {
		p.open = append(p.open, n)
		return i + 1
	}
	return end
}
