package batch

import (
	"bytes"
	"slices"
)

// candidatesMost is how many runs are named that may be a task's own.
const candidatesMost = 20

// A search looks through one listing for the runs of unsure attempts.
type search struct {
	echoes  Echoes
	markers map[marker]Row
	marked  map[marker][]Observed
	groups  []*requestGroup
	byText  map[string][]*requestGroup
	strays  strays
}

// A requestGroup is the unsure attempts whose requests look the same in a
// listing, and the runs without a marker that may be theirs.
type requestGroup struct {
	text, agent string
	schema      []byte // in its loose form; nil for none
	rows        []Row
	exact       []Observed // repeat all that was sent
	similar     []string   // ids of those that can't be told from ours
}

// newSearch sorts the rows by what a listing would show of them. schema reads
// a result schema by its digest.
func newSearch(rows []Row, e Echoes, schema func(digest string) ([]byte, error)) (*search, error) {
	s := &search{
		echoes: e, markers: make(map[marker]Row), marked: make(map[marker][]Observed),
		byText: make(map[string][]*requestGroup),
	}
	loose := make(map[string][]byte)
	for _, row := range rows {
		if row.Marker != "" {
			s.markers[marker(row.Marker)] = row
		}
		if _, known := loose[row.Schema]; !known && row.Schema != "" {
			text, err := schema(row.Schema)
			if err != nil {
				return nil, err
			}
			loose[row.Schema], _ = looseSchema(text)
		}
		s.group(row, loose[row.Schema])
	}
	return s, nil
}

func (s *search) group(row Row, schema []byte) {
	for _, g := range s.byText[row.Text] {
		if g.agent == row.AgentID && bytes.Equal(g.schema, schema) {
			g.rows = append(g.rows, row)
			return
		}
	}
	g := &requestGroup{text: row.Text, agent: row.AgentID, schema: schema, rows: []Row{row}}
	s.groups = append(s.groups, g)
	s.byText[row.Text] = append(s.byText[row.Text], g)
}

// concerns reports whether a run may be one that is looked for.
func (s *search) concerns(run Observed) bool {
	if m := markerOf(run); m != "" {
		_, ours := s.markers[m]
		return ours || s.strays.concerns(m)
	}
	return len(s.byText[run.Task]) > 0
}

// add takes in a run that concerns the search and that no attempt owns. A
// marker tells a run from all others, so that one with a marker is nobody
// else's.
func (s *search) add(run Observed) {
	if m := markerOf(run); m != "" {
		if _, ours := s.markers[m]; ours {
			s.marked[m] = append(s.marked[m], run)
		} else {
			s.strays.add(m, run)
		}
		return
	}
	for _, g := range s.byText[run.Task] {
		switch s.likeness(g, run) {
		case exactly:
			g.exact = append(g.exact, run)
		case perhaps:
			g.resembles(run.ID)
		}
	}
}

// similar takes note of a run of the same text that nothing may be done with.
func (s *search) similar(text, id string) {
	for _, g := range s.byText[text] {
		g.resembles(id)
	}
}

func (g *requestGroup) resembles(id string) {
	if len(g.similar) < candidatesMost {
		g.similar = append(g.similar, id)
	}
}

// A likeness says how a run compares with a request of the same text.
type likeness int

const (
	other likeness = iota
	perhaps
	exactly
)

func (s *search) likeness(g *requestGroup, run Observed) likeness {
	alike := exactly
	switch {
	case g.agent == "" || g.agent == run.AgentID: // an ad-hoc run may be given an agent of its own
	case run.AgentID != "":
		return other
	default:
		alike = perhaps
	}
	theirs, readable := looseSchema(run.Schema)
	switch {
	case g.schema == nil && isNull(run.Schema):
	case g.schema == nil && g.agent != "": // what an agent's run says of its schema may be the agent's
	case g.schema != nil && readable && bytes.Equal(g.schema, theirs):
	case g.schema != nil && readable && s.echoes.Seen > 0 && s.echoes.Schema:
		return other
	default:
		alike = perhaps
	}
	return alike
}

// A finding is what a complete listing says of one unsure attempt.
type finding struct {
	run        *Observed // its run, surely
	twice      []string  // others that bear its marker
	candidates []string  // runs of which one may be its own
	clear      bool      // no run that is listed may be its own
	proven     bool      // and the service is known to repeat what one would be found by
}

// findings decides about every attempt. doubts are all attempts of the ledger
// whose runs may be among those that were listed. Of a listing that is not
// complete only markers are believed.
func (s *search) findings(doubts []Doubt, complete bool) map[int]finding {
	found := make(map[int]finding)
	for m, runs := range s.marked {
		slices.SortFunc(runs, func(a, b Observed) int { return a.CreatedAt.Compare(b.CreatedAt) })
		f := finding{run: &runs[0]}
		for _, more := range runs[1:] {
			f.twice = append(f.twice, more.ID)
		}
		found[s.markers[m].Position] = f
	}
	for _, g := range s.groups {
		s.assign(g, doubts, complete, found)
	}
	return found
}

// assign decides about the attempts of a group that no marker has found. Runs
// that repeat all that was sent are given to them in any order, if it makes no
// difference which: if all attempts in doubt sent the same, variables included,
// and are enough to account for every such run.
func (s *search) assign(g *requestGroup, doubts []Doubt, complete bool, found map[int]finding) {
	var left []Row
	for _, row := range g.rows {
		if _, ok := found[row.Position]; !ok {
			left = append(left, row)
		}
	}
	inDoubt, same := len(left)-len(g.rows), true // what a marker found is in doubt no more
	for _, d := range doubts {
		if d.Text == g.text && d.Agent == g.agent {
			inDoubt++
			same = same && d.Digest == g.rows[0].Digest
		}
	}
	// Where the service repeats markers, a run without one is none of an attempt
	// that sent one, and yet nobody knows whose it is.
	adoptable := complete && len(g.similar) == 0 && same && len(g.exact) <= inDoubt
	for i, row := range left {
		marks := row.Marker != "" && s.echoes.provesMarker()
		switch {
		case adoptable && !marks && i < len(g.exact):
			found[row.Position] = finding{run: &g.exact[i]}
		case adoptable && !marks, complete && len(g.exact)+len(g.similar) == 0:
			found[row.Position] = finding{clear: true, proven: marks || s.echoes.provesRequest()}
		default:
			found[row.Position] = finding{candidates: g.candidates()}
		}
	}
}

func (g *requestGroup) candidates() []string {
	var ids []string
	for _, run := range g.exact {
		ids = append(ids, run.ID)
	}
	ids = append(ids, g.similar...)
	return ids[:min(len(ids), candidatesMost)]
}
