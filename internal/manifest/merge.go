package manifest

// merge lays a task's map over that of the defaults, key by key; null removes.
// Either may be nil. Lists and scalars are replaced whole.
func merge(base, over *node) *node {
	if over != nil && over.kind == null {
		return nil
	}
	if base == nil || base.kind != object {
		base = nil
	}
	if over == nil {
		over, base = base, nil
	}
	if over == nil || over.kind != object {
		return over
	}
	out := *over
	out.fields = nil
	if base != nil {
		for _, f := range base.fields {
			if own := over.get(f.key); own != nil {
				f.value = merge(f.value, own)
			}
			if f.value != nil && f.value.kind != null {
				out.fields = append(out.fields, f)
			}
		}
	}
	for _, f := range over.fields {
		if base.get(f.key) == nil && f.value.kind != null {
			f.value = merge(nil, f.value)
			out.fields = append(out.fields, f)
		}
	}
	return &out
}

// A variable is a declared name with where its value and description stand.
type variable struct {
	name        string
	value       *node
	description *node
	key         field // where it is declared
	broken      bool  // its shape is wrong: it has a name and nothing else
}

// declared reads a map of variables; a plain value is short for {value: …}.
// An entry without value is one that a task removes, or one that is broken.
func (l *loader) declared(n *node) []variable {
	n = l.goodMap(n)
	if n == nil {
		return nil
	}
	var out []variable
	for _, f := range n.fields {
		v := variable{name: f.key, value: f.value, key: f}
		switch {
		case l.bad(f.value):
			v.value, v.broken = nil, true
		case f.value.kind == null:
			v.value = nil
		case f.value.kind == object:
			v.value, v.description = l.good(f.value.get("value")), l.good(f.value.get("description"))
			v.broken = v.value == nil
		}
		out = append(out, v)
	}
	return out
}

// overlay lays a task's variables over the defaults.
func (l *loader) overlay(base, over []variable) []variable {
	out := append([]variable(nil), base...)
	for _, v := range over {
		at := -1
		for i := range out {
			if out[i].name == v.name {
				at = i
			}
		}
		switch {
		case v.broken && at < 0:
			out = append(out, v)
		case v.broken:
			out[at] = v
		case v.value == nil && at < 0:
			l.ps.wrong(v.key.value, "null removes a default, and no default variable is named %s", quote(v.name))
		case v.value == nil:
			out = append(out[:at], out[at+1:]...)
		case at < 0:
			out = append(out, v)
		default:
			if v.description == nil {
				v.description = out[at].description
			}
			out[at] = v
		}
	}
	return out
}
