// Package providertest is the conformance suite of [batch.Provider]: whatever
// talks to a service passes it before the engine may buy runs through it. The
// service's side is raw HTTP, so that a provider is never tested against its
// own reading of an answer.
package providertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bbbatch/bbbatch/batch"
)

// A Protocol is one service's wire format, and the provider that speaks it.
type Protocol struct {
	// Open returns a provider for the service at an address.
	Open func(t *testing.T, baseURL string) batch.Provider

	// Run writes a run; more is further members of the object, each with a
	// comma before it.
	Run func(id, status, more string) string

	// Page writes a page of a listing; next is the cursor, "" at the end.
	Page func(next string, runs ...string) string

	// Cursor reads which page a request asks for; "" for the first.
	Cursor func(r *http.Request) string

	// Agent writes an agent with a default result schema; "" for none.
	Agent func(schema string) string

	// Created and Stopped are the statuses of an accepted create and stop.
	Created, Stopped int
}

// Test runs the suite.
func Test(t *testing.T, p Protocol) {
	t.Run("Start", p.testStart)
	t.Run("StartStatuses", p.testStartStatuses)
	t.Run("StartSendsOnce", p.testStartSendsOnce)
	t.Run("StartNotCreated", p.testStartNotCreated)
	t.Run("StartUnknown", p.testStartUnknown)
	t.Run("StartHidesSecrets", p.testStartHidesSecrets)
	t.Run("Get", p.testGet)
	t.Run("ReadStatuses", p.testReadStatuses)
	t.Run("Stop", p.testStop)
	t.Run("List", p.testList)
	t.Run("AgentSchema", p.testAgentSchema)
	t.Run("Check", p.testCheck)
}

// serve opens the provider on a server that answers with h.
func (p Protocol) serve(t *testing.T, h http.HandlerFunc) batch.Provider {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return p.Open(t, s.URL)
}

// answer reads the request and answers it.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified {
			_, _ = io.WriteString(w, body)
		}
	}
}

// cut reads the request, writes text to the connection as it is, and closes
// it.
func cut(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, text)
		_ = c.Close()
	}
}

var spec = batch.Spec{Task: "find the price of %product%", Variables: []batch.Variable{{Name: "product", Value: "widget", Masked: "widget"}}}
