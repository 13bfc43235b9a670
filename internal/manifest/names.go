package manifest

import (
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bbbatch/bbbatch/schema"
)

// Names yields the id and the tags of every row's task of the manifest at
// path, of a repeated one the id of its group, as far as they can be told: nothing else is looked at, so that it is
// quick and a manifest that is wrong, as one that is being written, has names
// too. Of a task that cannot be told the id is "". There are no errors: a file
// that cannot be read has no tasks.
func Names(path string) iter.Seq2[string, []string] {
	return func(yield func(id string, tags []string) bool) {
		m := &Manifest{File: path, Dir: filepath.Dir(path), shared: map[string]map[string]any{}}
		if m.read(Options{}) != nil {
			return
		}
		l := newLoader(m)
		doc := newDocument(path, m.Text, true)
		tree, p := parse(doc, m.Text)
		if p != nil || tree == nil {
			return
		}
		root := build(doc, tree, l.ps)
		if root == nil {
			return
		}
		l.judge.check(root, l.judge.root)
		l.parameters(root.get("params"), Options{}) // what has no default is absent
		l.unset = false
		l.environment(root.get("env"), nil)
		d := defaults{node: l.goodMap(root.get("defaults"))}
		for i, n := range tasksOf(root) {
			if n.kind != object {
				continue
			}
			e := &entry{index: i, node: n}
			s := l.data(e)
			l.identify(e, s)
			l.tags(e, d, s)
			e.repeat = l.repeat(n.get("repeat"), d.node.get("repeat"))
			if e.id == nil && n.get("id") != nil || e.data == nil && n.get("forEach") != nil || e.matrix == nil && n.get("matrix") != nil {
				continue
			}
			m.entries = append(m.entries, e)
		}
		m.names(false, yield)
	}
}

// names yields the ids and tags of the tasks, "" for an id that is wrong; with
// members also those of each member of a group.
func (m *Manifest) names(members bool, yield func(id string, tags []string) bool) {
	x := m.expander(nil)
	for _, e := range m.entries {
		for r, err := range e.rows(false) {
			var id string
			var tags []string
			if v := x.values(r); err == nil && r != nil && r.skip != "" {
				id = e.skipID(r)
			} else if err == nil {
				id, _ = x.id(e, v)
				tags, _ = x.tags(e, v)
			}
			if !yield(id, tags) {
				return
			}
			if !members || e.repeat == nil || id == "" {
				continue
			}
			for _, number := range e.numbersOf(r) {
				if number == 0 {
					continue
				}
				if !yield(memberID(id, number), tags) {
					return
				}
			}
		}
	}
}

// maxNear bounds the tasks among which a word is looked for that was probably
// meant, so that a typo does not take long to tell.
const maxNear = 100_000

// nearest is a hint at the id that was probably meant; nothing is near a
// pattern.
func (m *Manifest) nearest(word string, pattern bool) string {
	first, best, n := "", "", 0
	m.names(true, func(id string, _ []string) bool {
		if first == "" {
			first = id
		}
		if !pattern {
			best = schema.Nearest(word, []string{best, id})
		}
		n++
		return n < maxNear && (!pattern || first == "")
	})
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %q?", best)
	case first != "":
		return "ids are such as " + quote(first)
	}
	return ""
}

// maxTags bounds the tags that are remembered for a hint.
const maxTags = 1000

// nearestTag is a hint at the tag that was probably meant.
func (m *Manifest) nearestTag(word string) string {
	var known []string
	n := 0
	m.names(false, func(_ string, tags []string) bool {
		for _, tag := range tags {
			if len(known) < maxTags && !slices.Contains(known, tag) {
				known = append(known, tag)
			}
		}
		n++
		return n < maxNear
	})
	if len(known) == 0 {
		return "no task has tags; a task gets them by tags: [" + cut(word) + "]"
	}
	if hint := didYouMean(word, known); hint != "" {
		return hint
	}
	const some = 8
	slices.Sort(known)
	if len(known) > some {
		return "tags are such as " + strings.Join(known[:some], ", ")
	}
	return "the tags are " + strings.Join(known, ", ")
}
