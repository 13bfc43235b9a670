package batch

// A lane is something that only so many runs in flight may share.
type lane struct {
	context bool // a browser context that its runs change, else a group
	name    string
}

// lanes bound the runs of each group in flight, and keep runs that change one
// browser context from overlapping. Only lanes in use are held.
type lanes struct {
	perGroup int // 0 is no bound
	inUse    map[lane]int
}

func newLanes(perGroup int) lanes { return lanes{perGroup: perGroup, inUse: make(map[lane]int)} }

// of are the lanes that a run of the group, on the terms, needs.
func (l lanes) of(group string, t terms) []lane {
	var need []lane
	if l.perGroup > 0 && group != "" {
		need = append(need, lane{name: group})
	}
	if t.context != "" {
		need = append(need, lane{context: true, name: t.context})
	}
	return need
}

func (l lanes) free(need []lane) bool {
	for _, n := range need {
		if most := 1; n.context && l.inUse[n] >= most || !n.context && l.inUse[n] >= l.perGroup {
			return false
		}
	}
	return true
}

func (l lanes) take(need []lane) {
	for _, n := range need {
		l.inUse[n]++
	}
}

func (l lanes) give(need []lane) {
	for _, n := range need {
		if l.inUse[n]--; l.inUse[n] <= 0 {
			delete(l.inUse, n)
		}
	}
}
