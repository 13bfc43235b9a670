package server

import (
	"slices"
	"strconv"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// tables reads tables of two kinds. In one each row is a name and its value,
// together they are one thing. In the other the first row names the columns
// and each further row is a thing.
func (r *reader) tables(doc *html.Node) source {
	var s source
	for n := range elements(doc, atom.Table) {
		rows, caption := r.rows(n)
		switch {
		case len(rows) == 0:
		case pairs(rows):
			if t := r.thing(); t != nil {
				for _, row := range rows {
					if len(row.cells) == 2 && !row.header() {
						stateAll(t, row.cells[0].values[0].text, row.cells[1].values)
					}
				}
				s.items = append(s.items, t)
			}
		case rows[0].header() || rows[0].inHead:
			s.lists = append(s.lists, r.records(rows, caption))
		}
	}
	return s
}

type tableRow struct {
	cells  []tableCell
	inHead bool
}

type tableCell struct {
	values []value
	header bool // th
	span   int
}

// header reports whether every cell of the row is a th.
func (row tableRow) header() bool {
	return len(row.cells) > 0 && !slices.ContainsFunc(row.cells, func(c tableCell) bool { return !c.header })
}

const maxSpan = 50

// rows reads a table's own rows; a table inside a cell is read by itself.
func (r *reader) rows(table *html.Node) (rows []tableRow, caption string) {
	var walk func(n *html.Node, inHead bool)
	walk = func(n *html.Node, inHead bool) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch c.DataAtom {
			case atom.Caption:
				caption = r.text(c)
			case atom.Thead:
				walk(c, true)
			case atom.Tbody, atom.Tfoot:
				walk(c, false)
			case atom.Tr:
				if row := r.row(c); len(row.cells) > 0 {
					row.inHead = inHead
					rows = append(rows, row)
				}
			}
		}
	}
	walk(table, false)
	return rows, caption
}

func (r *reader) row(tr *html.Node) tableRow {
	var row tableRow
	for c := tr.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th {
			continue
		}
		span, err := strconv.Atoi(attr(c, "colspan"))
		if err != nil || span < 1 {
			span = 1
		}
		row.cells = append(row.cells, tableCell{r.values(c), c.DataAtom == atom.Th, min(span, maxSpan)})
	}
	return row
}

// Words over the columns of a table of names and values.
var (
	nameWords  = []string{"property", "attribute", "specification", "spec", "feature", "detail", "field", "key", "item", "characteristic", "name"}
	valueWords = []string{"value", "values", "details", "detail", "description", "data", "information"}
)

// pairs reports whether each row of a table is a name and a value: two cells,
// and either no row that names columns, or names in th, or columns that are
// called so.
func pairs(rows []tableRow) bool {
	body := rows
	first := rows[0]
	named := first.inHead || first.header()
	if named {
		body = rows[1:]
	}
	if len(body) == 0 {
		return false
	}
	rowNames := true
	for _, row := range body {
		if len(row.cells) > 2 {
			return false
		}
		if len(row.cells) == 2 && !row.header() && (!row.cells[0].header || row.cells[1].header) {
			rowNames = false
		}
	}
	if !named || rowNames {
		return true
	}
	return len(first.cells) == 2 &&
		slices.Contains(nameWords, key(first.cells[0].values[0].text)) &&
		slices.Contains(valueWords, key(first.cells[1].values[0].text))
}

// records reads the rows below the one that names the columns.
func (r *reader) records(rows []tableRow, caption string) list {
	var columns []string
	for _, c := range rows[0].cells {
		for range min(c.span, maxColumns-len(columns)) {
			columns = append(columns, c.values[0].text)
		}
	}
	l := list{names: []string{key(caption)}}
	for _, row := range rows[1:] {
		if row.header() || row.inHead {
			continue
		}
		t := r.thing()
		if t == nil {
			break
		}
		at, href := 0, ""
		for _, c := range row.cells {
			if at >= len(columns) {
				break
			}
			stateAll(t, columns[at], c.values)
			if href == "" {
				href = c.values[0].href
			}
			at += c.span
		}
		// A row's link is where its thing is, unless a column says so.
		if _, ok := t.props["url"]; !ok && href != "" {
			t.add("url", value{href: href})
		}
		l.items = append(l.items, t)
	}
	return l
}

func stateAll(t *thing, name string, values []value) {
	for _, v := range values {
		t.add(name, v)
	}
}

// definitions reads definition lists; together they are one thing.
func (r *reader) definitions(doc *html.Node) source {
	t := &thing{}
	for n := range elements(doc, atom.Dl) {
		var terms []string
		open := false // a dd was read since the last dt
		for c := range r.elements(n, atom.Dt, atom.Dd) {
			switch {
			case c.DataAtom == atom.Dt && open:
				terms, open = []string{r.text(c)}, false
			case c.DataAtom == atom.Dt:
				terms = append(terms, r.text(c))
			default:
				open = true
				for _, term := range terms {
					stateAll(t, term, r.values(c))
				}
			}
		}
	}
	return source{items: []*thing{t}}
}
