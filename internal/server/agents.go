package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// agents are the custom agents, by id and in order of creation.
type agents struct {
	byID  map[string]*agentRecord
	order ordered[*agentRecord]
}

// An agentRecord is a custom agent: a prompt and a default result schema.
type agentRecord struct {
	number    uint64
	id        string
	name      string
	prompt    string          // "" for none
	schema    json.RawMessage // nil for none
	createdAt time.Time
	updatedAt time.Time
	deleted   bool
}

func (a *agentRecord) seq() uint64        { return a.number }
func (a *agentRecord) created() time.Time { return a.createdAt }
func (a *agentRecord) forgotten() bool    { return a.deleted }

func (a *agentRecord) json() json.RawMessage {
	m := map[string]any{"agentId": a.id, "name": a.name, "createdAt": stamp(a.createdAt), "updatedAt": stamp(a.updatedAt)}
	if a.prompt != "" {
		m["systemPrompt"] = a.prompt
	}
	if a.schema != nil {
		m["resultSchema"] = a.schema
	}
	return encode(m)
}

// The fields of an agent: name 1 to 255, the others free.
func agentFields(nameRequired bool) map[string]field {
	return map[string]field{
		"name":         {nameRequired, text(1, 255)},
		"systemPrompt": {false, text(1, 0)},
		"resultSchema": {false, ofKind("object")},
	}
}

// set takes over what a body gives; what it omits stays as it is.
func (a *agentRecord) set(m map[string]json.RawMessage) {
	if v, ok := m["name"]; ok {
		a.name = stringOf(v)
	}
	if v, ok := m["systemPrompt"]; ok {
		a.prompt = stringOf(v)
	}
	if v, ok := m["resultSchema"]; ok {
		a.schema = resort(v)
	}
}

func agentBody(r *http.Request, nameRequired bool) (map[string]json.RawMessage, *answer) {
	if _, err := parameters(r); err != nil {
		return nil, badRequest(err)
	}
	raw, bad := readBody(r)
	if bad != nil {
		return nil, bad
	}
	m, err := object("body", raw, agentFields(nameRequired))
	if err != nil {
		return nil, badRequest(err)
	}
	return m, nil
}

func (s *Server) createAgent(r *http.Request, _ string) answer {
	m, bad := agentBody(r, true)
	if bad != nil {
		return *bad
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	a := &agentRecord{number: s.agents.order.number(), id: newID(), createdAt: now, updatedAt: now}
	a.set(m)
	s.agents.byID[a.id] = a
	s.agents.order.add(a)
	return answer{status: http.StatusCreated, body: a.json()}
}

func noAgent(id string) answer {
	return problem(http.StatusNotFound, fmt.Sprintf("agent %s not found", clip(id, 100)))
}

func (s *Server) getAgent(r *http.Request, id string) answer {
	if _, err := parameters(r); err != nil {
		return *badRequest(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.agents.byID[id]; a != nil {
		return answer{status: http.StatusOK, body: a.json()}
	}
	return noAgent(id)
}

func (s *Server) updateAgent(r *http.Request, id string) answer {
	m, bad := agentBody(r, false)
	if bad != nil {
		return *bad
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.agents.byID[id]
	if a == nil {
		return noAgent(id)
	}
	a.set(m)
	a.updatedAt = s.now()
	return answer{status: http.StatusOK, body: a.json()}
}

// deleteAgent leaves the agent's runs as they are.
func (s *Server) deleteAgent(r *http.Request, id string) answer {
	if _, err := parameters(r); err != nil {
		return *badRequest(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.agents.byID[id]
	if a == nil {
		return noAgent(id)
	}
	a.deleted = true
	delete(s.agents.byID, id)
	s.agents.order.forget()
	return answer{status: http.StatusNoContent}
}

func (s *Server) listAgents(r *http.Request, _ string) answer {
	q, err := parameters(r, "startAt", "endAt", "limit", "cursor")
	if err != nil {
		return *badRequest(err)
	}
	w, err := s.windowOf(q, "agents")
	if err != nil {
		return *badRequest(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, more := s.agents.order.page(w, func(*agentRecord) bool { return true })
	data := make([]json.RawMessage, len(found))
	for i, a := range found {
		data[i] = a.json()
	}
	next := ""
	if more {
		next = s.cursors.write("agents", found[len(found)-1].number, 0)
	}
	return listing(data, w.limit, next)
}
