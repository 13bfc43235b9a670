package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

func noRun(id string) answer {
	return problem(http.StatusNotFound, fmt.Sprintf("run %s not found", clip(id, 100)))
}

func (s *Server) getRun(r *http.Request, id string) answer {
	if _, err := parameters(r); err != nil {
		return *badRequest(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.runs.byID[id]; n != nil {
		return answer{status: http.StatusOK, body: s.say(n, "get", n.json())}
	}
	return noRun(id)
}

// listRuns answers newest first, which the reference leaves open.
func (s *Server) listRuns(r *http.Request, _ string) answer {
	q, err := parameters(r, "status", "agentId", "startAt", "endAt", "limit", "cursor")
	if err != nil {
		return *badRequest(err)
	}
	status, filtered := q["status"]
	if filtered && !slices.Contains(statuses, status) {
		return *badRequest(&fieldError{"query.status", "must be one of " + strings.Join(statuses, ", ")})
	}
	agentID, byAgent := q["agentId"]
	w, err := s.windowOf(q, "runs")
	if err != nil {
		return *badRequest(err)
	}
	f := s.config.Faults
	if f.listLag > 0 {
		if seen := s.now().Add(-f.listLag); w.to.IsZero() || seen.Before(w.to) {
			w.to = seen
		}
	}
	s.mu.Lock()
	found, more := s.runs.order.page(w, func(n *run) bool {
		return (!filtered || n.status == status) && (!byAgent || n.agentID == agentID)
	})
	data := make([]json.RawMessage, len(found))
	for i, n := range found {
		data[i] = s.say(n, "list", n.json())
	}
	s.mu.Unlock()
	return listing(data, w.limit, s.nextRuns(found, more, w))
}

// nextRuns is the cursor after a page, "" at the end.
func (s *Server) nextRuns(found []*run, more bool, w window) string {
	f := s.config.Faults
	switch {
	case more && f.dupPages:
		// The next page begins with the last two rows of this one.
		last := len(found) - 1 - min(2, len(found)-1)
		return s.cursors.write("runs", found[last].number, 0)
	case more:
		return s.cursors.write("runs", found[len(found)-1].number, 0)
	case f.endlessPages && len(found) > 0:
		// The last row comes again for ever, each time by a new cursor.
		return s.cursors.write("runs", found[len(found)-1].number+1, s.faults.nonce())
	case f.endlessPages:
		return s.cursors.write("runs", max(w.before, 1), s.faults.nonce())
	}
	return ""
}

// listing is a page: data, limit and nextCursor, null at the end.
func listing(data []json.RawMessage, limit int, next string) answer {
	var b bytes.Buffer
	b.WriteString(`{"data":[`)
	b.Write(bytes.Join(raws(data), []byte(",")))
	fmt.Fprintf(&b, `],"limit":%d,"nextCursor":`, limit)
	if next == "" {
		b.WriteString("null}")
	} else {
		fmt.Fprintf(&b, "%q}", next)
	}
	return answer{status: http.StatusOK, body: b.Bytes()}
}

func raws(all []json.RawMessage) [][]byte {
	out := make([][]byte, len(all))
	for i, r := range all {
		out[i] = r
	}
	return out
}

// stopRun asks a run to stop. It answers 202 with the run as it stands; the
// stop lands later. A run that has ended answers 409.
func (s *Server) stopRun(r *http.Request, id string) answer {
	if _, err := parameters(r); err != nil {
		return *badRequest(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.runs.byID[id]
	if n == nil {
		return noRun(id)
	}
	if !n.alive() {
		return problem(http.StatusConflict, fmt.Sprintf("run %s is not in progress, its status is %s", id, n.status))
	}
	body := s.say(n, "stop", n.json())
	if n.stop != nil {
		n.stop(errStopped)
	} else {
		s.end(n, Answer{Status: statusStopped}) // it waits in the queue
	}
	return answer{status: http.StatusAccepted, body: body}
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`)

// listMessages answers oldest first, from the one after since.
func (s *Server) listMessages(r *http.Request, id string) answer {
	q, err := parameters(r, "since", "limit", "all")
	if err != nil {
		return *badRequest(err)
	}
	limit, err := limitOf(q, 100)
	all, given := q["all"]
	switch {
	case err != nil:
		return *badRequest(err)
	case given && all != "true" && all != "false":
		return *badRequest(&fieldError{"query.all", "must be true or false"})
	case !uuid.MatchString(id):
		return *badRequest(&fieldError{"params.runId", "must be a UUID"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.runs.byID[id]
	if n == nil {
		return noRun(id)
	}
	from := 0
	if since, ok := q["since"]; ok {
		i := slices.IndexFunc(n.messages, func(m storedMessage) bool { return m.id == since })
		if i < 0 {
			return *badRequest(&fieldError{"query.since", "is not the id of a message of this run"})
		}
		from = i + 1
	}
	found := n.messages[from:]
	if all != "true" && len(found) > limit {
		found = found[:limit]
	}
	data := make([]json.RawMessage, len(found))
	for i, m := range found {
		data[i] = encode(map[string]any{"id": m.id, "createdAt": stamp(m.createdAt), "message": m.message})
	}
	// nextSince is null only for a run without messages.
	var next any
	if end := from + len(found); end > 0 {
		next = n.messages[end-1].id
	}
	page := encode(map[string]any{"data": data, "nextSince": next})
	return answer{status: http.StatusOK, body: s.say(n, "messages", page)}
}
