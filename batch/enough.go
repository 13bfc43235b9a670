package batch

// Enough reports whether so many tasks passed as the policy accepts: all, unless
// it says otherwise. Tasks that are excused count as if they had passed, those
// that were skipped do not count, and no repetition may have fallen short. It
// says nothing of tasks that are still to come.
func (s Summary) Enough() bool {
	good := s.Counts[Passed]
	for _, n := range s.Excused {
		good += n
	}
	of := s.Info.Total - s.Counts[Skipped]
	if accept := s.Info.Policy.Accept; accept != nil {
		return accept.Reached(good, of)
	}
	return good >= of && s.Short == 0
}
