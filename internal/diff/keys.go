package diff

// lostKeys finds the paths that every result of before had and none of now has,
// and those that are of another type. Below a key that is gone nothing more is
// told, and nothing of the elements of a list that is empty now. A value where
// there was null is no other type: there was none.
func lostKeys(before, now *tree, found func(path, was, is string)) {
	var visit func(b, n *node)
	visit = func(b, n *node) {
		if b.results < before.results {
			return
		}
		if was, is := b.types(), n.types(); !meet(b.kinds, n.kinds) && was != kindNames[isNull] {
			found(shown(b.path), was, is)
			return
		}
		b.below(func(name string, member *node) {
			next := n.members[name]
			switch {
			case next != nil:
				visit(member, next)
			case member.results == before.results && n.kinds[isObject] > 0:
				found(shown(member.path), member.types(), "absent")
			}
		})
		if b.elems != nil && n.elems != nil {
			visit(b.elems, n.elems)
		}
	}
	visit(before.root, now.root)
}

// meet reports whether two sets of kinds have one in common.
func meet(a, b [kindsOfValue]int) bool {
	for k := range a {
		if a[k] > 0 && b[k] > 0 {
			return true
		}
	}
	return false
}

// types names the kinds of values at a path.
func (n *node) types() string {
	words := ""
	for k, count := range n.kinds {
		if count > 0 {
			if words != "" {
				words += " or "
			}
			words += kindNames[k]
		}
	}
	return words
}
