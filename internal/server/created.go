package server

// Created returns the ids of the runs that were created, by the task's text as
// it was sent, in the order of creation, of those still kept. A test of what
// was bought asks this, and not a client, nor an answer that a fault may have
// changed.
func (s *Server) Created() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := map[string][]string{}
	for _, r := range s.runs.order.all {
		if !r.gone {
			ids[r.task] = append(ids[r.task], r.id)
		}
	}
	return ids
}
