package cli

// positions is a set of tasks of a batch: a bit for each, so that the choice
// among a million takes 125 kB.
type positions []uint64

func (p *positions) add(position int) {
	for len(*p) <= position/64 {
		*p = append(*p, 0)
	}
	(*p)[position/64] |= 1 << (position % 64)
}

func (p positions) has(position int) bool {
	return position/64 < len(p) && p[position/64]&(1<<(position%64)) != 0
}
