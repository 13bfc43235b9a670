package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// runFields is the body of a create (reference/api/run-an-agent; arrays of
// proxies since 2026-08, pauseWhen later). No agent here pauses on its own:
// pauseWhen is checked and let pass.
var runFields = map[string]field{
	"task":         {true, text(1, 0)},
	"agentId":      {false, ofKind("string")},
	"pauseWhen":    {false, ofKind("string")},
	"resultSchema": {false, ofKind("object")},
	"browserSettings": {false, closed(map[string]field{
		"context": {false, closed(map[string]field{
			"id":      {true, ofKind("string")},
			"persist": {false, ofKind("boolean")},
		})},
		"proxies":  {false, proxies},
		"verified": {false, ofKind("boolean")},
	})},
	"variables": {false, each(closed(map[string]field{
		"value":       {true, ofKind("string")},
		"description": {false, ofKind("string")},
	}))},
}

// proxies is true, false or a list of proxy objects, whose keys the reference
// does not fix.
func proxies(path string, v json.RawMessage) error {
	switch kindOf(v) {
	case "boolean":
		return nil
	case "array":
		var all []json.RawMessage
		_ = json.Unmarshal(v, &all)
		for i, p := range all {
			if err := ofKind("object")(fmt.Sprintf("%s[%d]", path, i), p); err != nil {
				return err
			}
		}
		return nil
	}
	return &fieldError{path, "must be a boolean or an array, not " + kindOf(v)}
}

func (s *Server) createRun(r *http.Request, _ string) answer {
	if _, err := parameters(r); err != nil {
		return *badRequest(err)
	}
	raw, bad := readBody(r)
	if bad != nil {
		return *bad
	}
	m, err := object("body", raw, runFields)
	if err != nil {
		return *badRequest(err)
	}
	o := &job{task: stringOf(m["task"]), schema: m["resultSchema"], settings: m["browserSettings"]}
	if v, ok := m["variables"]; ok {
		var given map[string]struct{ Value string }
		_ = json.Unmarshal(v, &given) // checked above
		o.variables = make(map[string]string, len(given))
		for name, g := range given {
			o.variables[name] = g.Value
		}
	}
	var echo json.RawMessage
	if o.schema != nil {
		echo = s.echoes.of(o.schema)
	}

	echoed := o.task
	s.config.Faults.retell(&echoed, &echo)

	s.mu.Lock()
	defer s.mu.Unlock()
	agentID := stringOf(m["agentId"])
	if _, ok := m["agentId"]; ok {
		a := s.agents.byID[agentID]
		if a == nil {
			return noAgent(agentID)
		}
		o.prompt = a.prompt
		if o.schema == nil {
			o.schema = a.schema
		}
	}
	if s.closing.Err() != nil {
		return problem(http.StatusServiceUnavailable, "the server is closed")
	}
	if a, over := s.overLimit(); over {
		return a
	}
	now := s.now()
	n := &run{
		number: s.runs.order.number(), id: newID(), agentID: agentID, task: o.task, echoed: echoed, schema: echo,
		status: statusPending, createdAt: now, updatedAt: now, job: o,
	}
	if a, ok := s.config.Agent.(answerer); ok {
		n.told = a.answers(substitute(o.task, o.variables))
	}
	s.creates++
	s.active++
	s.runs.byID[n.id] = n
	s.runs.order.add(n)
	body := s.say(n, "create", n.json()) // PENDING, before anything starts
	s.queue = append(s.queue, n)
	s.startQueued()
	return answer{status: http.StatusCreated, body: body}
}

// overLimit refuses a create as the service does past its session limits, and
// counts it otherwise.
func (s *Server) overLimit() (answer, bool) {
	if most := s.config.MaxActive; most > 0 && s.active >= most {
		return s.tooMany(fmt.Sprintf("You've exceeded your max concurrent sessions limit (limit %d, currently %d).", most, s.active)), true
	}
	if most := s.config.CreatesPerMinute; most > 0 {
		now := time.Now()
		for len(s.recent) > 0 && now.Sub(s.recent[0]) >= time.Minute {
			s.recent = s.recent[1:]
		}
		if len(s.recent) >= most {
			return s.tooMany(fmt.Sprintf("You've exceeded your session creations per minute (limit %d, currently %d).", most, len(s.recent))), true
		}
		s.recent = append(s.recent, now)
	}
	return answer{}, false
}
