package report

import "iter"

// A picker gathers the values of a table's result columns from one result
// after another.
type picker struct {
	columns *columns
	values  [][]byte // by column; compact JSON, nil where the result has nothing
	round   uint64
	open    []*node // the objects we are in
	list    []byte  // the list that is unwound; nil where the result has none
	inside  bool    // an element of it is being read
}

func newPicker(c *columns) *picker {
	return &picker{columns: c, values: make([][]byte, len(c.names))}
}

// none forgets the result before.
func (p *picker) none() {
	clear(p.values)
	p.list = nil
}

// pick reads doc, which comes from compact and which start describes, once from
// front to back. It leaves the value of every column in values, those of the
// list that is unwound empty, and the list in list, all good until the next call.
// It goes only into objects that the schemas describe and passes over everything
// else without recursion.
//
// Of a key that comes twice the last value counts, as it does for the judge.
// A value where the schemas declare an object with columns of its own is shown
// in the first of those columns: the result is invalid, but what it says is
// seen. So is a value that is no list where one is to be unwound.
func (p *picker) pick(doc []byte, start *node) {
	p.none()
	p.walk(doc, start)
}

// elements yields the elements of the list that is unwound. Meanwhile the values
// of its columns are those of the element.
func (p *picker) elements() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if p.list == nil {
			return
		}
		p.inside = true
		defer func() { p.inside = false }()
		for i := 1; p.list[i] != ']'; {
			end := valueEnd(p.list, i)
			for _, column := range p.columns.unwound.below {
				p.values[column] = nil
			}
			p.walk(p.list[i:end], p.columns.unwound)
			if !yield(p.list[i:end]) {
				return
			}
			if i = end; p.list[i] == ',' {
				i++
			}
		}
	}
}

func (p *picker) walk(doc []byte, start *node) {
	p.round++
	p.open = p.open[:0]
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
		if n.leads && !p.inside {
			p.list = nil
		}
	}
	n.round = p.round
	if n == p.columns.unwound && doc[i] == '[' && !p.inside {
		end = valueEnd(doc, i)
		p.list = doc[i:end]
		return end
	}

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
