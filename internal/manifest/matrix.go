package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bbbatch/bbbatch/internal/expr"
	"github.com/bbbatch/bbbatch/schema"
)

// maxCombinations bounds what a matrix expands to, as maxItems of
// manifest.schema.json does a list of rows.
const maxCombinations = 100_000

// maxLooks bounds how often a combination is compared with a map of include or
// exclude.
const maxLooks = 5_000_000

// A combination is one of those that a matrix has of its values.
type combination struct {
	names  []string // in the order of the matrix, those that include adds last
	cells  map[string]cell
	values map[string]any // what expressions see
	json   json.RawMessage
}

// A cell is one value of a matrix.
type cell struct {
	value     any
	json      []byte
	canonical string // equal for equal values
}

// An axis is one name of a matrix with its values.
type axis struct {
	name  string
	cells []cell
}

// matrix reads the matrix of an entry and returns its combinations, the last
// name's values changing first; ok is false after problems.
func (l *loader) matrix(n *node) (out []*combination, ok bool) {
	if l.badBelow(n) {
		return nil, false
	}
	before, used := l.ps.met, l.usesParams
	var axes []axis
	var include, exclude *node
	size := 1
	for _, f := range n.fields {
		switch f.key {
		case "include":
			include = f.value
		case "exclude":
			exclude = f.value
		default:
			a := axis{name: f.key}
			seen := map[string]bool{}
			for _, item := range f.value.items {
				a.cells = append(a.cells, l.cell(item, seen))
			}
			axes = append(axes, a)
			size = min(size*max(len(a.cells), 1), maxCombinations+1)
		}
	}
	if l.unset && l.usesParams > used {
		return nil, false
	}
	if size > maxCombinations {
		l.ps.wrong(n, "makes more than %d combinations", maxCombinations)
		return nil, false
	}
	if len(axes) > 0 {
		out = cross(axes)
	}
	out = l.exclude(out, axes, exclude)
	out = l.include(out, axes, include)
	if l.failedSince(before) {
		return nil, false
	}
	if len(out) == 0 {
		hint := ""
		if exclude == nil {
			hint = "give it values, such as matrix: {currency: [USD, EUR]}"
		}
		l.ps.add(n.problem("has no combination: this entry makes no task", hint))
		return nil, false
	}
	for _, c := range out {
		c.settle()
	}
	return out, true
}

// cell reads one value, which may use parameters, and files that it was seen
// already, unless seen is nil.
func (l *loader) cell(n *node, seen map[string]bool) cell {
	t := l.compileTree(n, l.paramScope())
	if t == nil {
		return cell{}
	}
	text, err := t.json(l.paramValues())
	if err != nil {
		if !l.unset {
			l.ps.add(l.evalProblem(err))
		}
		return cell{}
	}
	c := cell{json: text}
	row, wrong := decodeRow(slices.Concat([]byte(`{"v":`), text, []byte("}")))
	if wrong != nil {
		l.ps.wrong(n, "%s", wrong.message)
		return cell{}
	}
	c.value = row["v"]
	if canonical, err := schema.Canonical(text); err == nil {
		c.canonical = string(canonical)
	}
	if seen[c.canonical] {
		l.ps.wrong(n, "%s is given twice", cut(string(text)))
	}
	if seen != nil {
		seen[c.canonical] = true
	}
	return c
}

// cross makes every combination of the axes.
func cross(axes []axis) []*combination {
	out := []*combination{{cells: map[string]cell{}}}
	for _, a := range axes {
		next := make([]*combination, 0, len(out)*len(a.cells))
		for _, c := range out {
			for _, value := range a.cells {
				one := c.clone()
				one.set(a.name, value)
				next = append(next, one)
			}
		}
		out = next
	}
	return out
}

func (c *combination) clone() *combination {
	out := &combination{names: slices.Clone(c.names), cells: make(map[string]cell, len(c.cells)+1)}
	for name, value := range c.cells {
		out.cells[name] = value
	}
	return out
}

func (c *combination) set(name string, value cell) {
	if _, has := c.cells[name]; !has {
		c.names = append(c.names, name)
	}
	c.cells[name] = value
}

// settle makes of the cells what tasks and expressions see.
func (c *combination) settle() {
	c.values = make(map[string]any, len(c.cells))
	out := []byte{'{'}
	for i, name := range c.names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, name), ':')
		out = append(out, c.cells[name].json...)
		c.values[name] = c.cells[name].value
	}
	c.json = append(out, '}')
}

// says names a combination in words.
func (c *combination) says() string {
	words := make([]string, len(c.names))
	for i, name := range c.names {
		value := string(c.cells[name].json)
		if s, ok := c.cells[name].value.(string); ok && simpleKey.MatchString(s) {
			value = s
		}
		words[i] = name + "=" + cut(value)
	}
	return strings.Join(words, ", ")
}

// exclude leaves out the combinations that have all values of one of the maps.
func (l *loader) exclude(all []*combination, axes []axis, n *node) []*combination {
	if n == nil || l.tooMany(n, all) {
		return all
	}
	out := map[*combination]bool{}
	for _, item := range n.items {
		known := true
		want := map[string]cell{}
		for _, f := range item.fields {
			want[f.key] = l.cell(f.value, nil)
			if !hasAxis(axes, f.key) {
				known = false
				l.unknownAxis(f, axes, false)
			}
		}
		if !known {
			continue
		}
		before := len(out)
		for _, c := range all {
			if !out[c] && c.has(want) {
				out[c] = true
			}
		}
		if len(out) == before {
			l.odd(item, "leaves nothing out: no combination has these values", "")
		}
	}
	return slices.DeleteFunc(all, func(c *combination) bool { return out[c] })
}

// tooMany files that there are more maps than can be compared with every
// combination.
func (l *loader) tooMany(n *node, all []*combination) bool {
	if len(n.items)*len(all) <= maxLooks {
		return false
	}
	l.ps.wrong(n, "has %s for %s: together too many; leave values out of the lists instead", many(len(n.items), "map"), many(len(all), "combination"))
	return true
}

// has reports whether a combination has some values.
func (c *combination) has(want map[string]cell) bool {
	for name, value := range want {
		if c.cells[name].canonical != value.canonical {
			return false
		}
	}
	return true
}

// include adds each of the maps to the combinations whose own values it does
// not contradict; one that fits none becomes a combination.
func (l *loader) include(all []*combination, axes []axis, n *node) []*combination {
	if n == nil || l.tooMany(n, all) {
		return all
	}
	own := all // without those that include makes
	for _, item := range n.items {
		same := map[string]cell{} // that a combination must have
		added := &combination{cells: map[string]cell{}}
		for _, f := range item.fields {
			value := l.cell(f.value, nil)
			added.set(f.key, value)
			if hasAxis(axes, f.key) {
				same[f.key] = value
			} else if len(axes) > 0 {
				l.unknownAxis(f, axes, true)
			}
		}
		fits := false
		for _, c := range own {
			if !c.has(same) {
				continue
			}
			fits = true
			for _, name := range added.names {
				c.set(name, added.cells[name])
			}
		}
		if !fits {
			all = append(all, added)
		}
	}
	return all
}

func hasAxis(axes []axis, name string) bool {
	return slices.ContainsFunc(axes, func(a axis) bool { return a.name == name })
}

// unknownAxis files that a map names a value that the matrix does not have. One
// of include may: there only a name that was probably misspelt is odd.
func (l *loader) unknownAxis(f field, axes []axis, mayAdd bool) {
	names := make([]string, len(axes))
	for i, a := range axes {
		names[i] = a.name
	}
	p := f.value.problem("the matrix has no list "+quote(f.key), didYouMean(f.key, names))
	p.Line, p.Column = f.line, f.column
	if mayAdd {
		if p.Hint == "" {
			return
		}
		p.Message += ": it is added as a name of its own"
		p.Warning = true
	} else if p.Hint == "" && len(names) > 0 {
		p.Hint = "its lists are " + someOf(names)
	}
	l.ps.add(p)
}

// matrixEnv says what is known of the values of some combinations: every name
// that any of them has, and the kind of values that are of one kind.
func matrixEnv(all []*combination) expr.Object {
	o := expr.Object{Inner: map[string]expr.Object{}}
	for _, c := range all {
		for _, name := range c.names {
			kind := c.cells[name].kind()
			if !slices.Contains(o.Fields, name) {
				o.Fields = append(o.Fields, name)
				o.Inner[name] = expr.Object{Alone: kind}
			} else if o.Inner[name].Alone != kind {
				o.Inner[name] = expr.Object{Alone: expr.Any}
			}
		}
	}
	return o
}

// kind is what expressions know of a cell.
func (c cell) kind() expr.Kind {
	switch v := c.value.(type) {
	case string:
		return expr.Text
	case bool:
		return expr.Boolean
	case json.Number:
		return scalarObject(numeric, v.String()).Alone
	}
	return expr.Any
}

// matrixExample is a hint that shows how an id uses the matrix.
func (e *entry) matrixExample() string {
	name := "x"
	if len(e.matrix) > 0 && len(e.matrix[0].names) > 0 {
		name = e.matrix[0].names[0]
	}
	if e.forEach != nil {
		return fmt.Sprintf("add it to the id: ${{ matrix.%s }}", name)
	}
	return fmt.Sprintf("for example id: item-${{ matrix.%s }}", name)
}

// apart returns a name in whose values combinations differ and that the id of
// the entry does not take alone; "" if there is none.
func (e *entry) apart() string {
	if len(e.matrix) < 2 {
		return ""
	}
	for _, name := range e.matrix[0].names {
		if !e.id.has("matrix", name) {
			return name
		}
	}
	return ""
}
