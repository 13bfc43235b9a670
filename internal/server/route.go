package server

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// An endpoint is one method and path of the API.
type endpoint struct {
	name  string // as faults and statistics call it
	serve func(s *Server, r *http.Request, id string) answer
	id    string // the id in the path
}

// route finds the endpoint of a request. Whatever is not one, another method
// included, answers 404.
func route(r *http.Request) (endpoint, bool) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/v1/agents")
	if !ok {
		return endpoint{}, false
	}
	parts := strings.Split(rest, "/") // parts[0] is "" of "/…"
	if parts[0] != "" {
		return endpoint{}, false
	}
	id := ""
	pattern := make([]string, 0, len(parts))
	for i, p := range parts[1:] {
		switch {
		case p == "":
			return endpoint{}, false
		case i == 0 && p != "runs", i == 1:
			u, err := url.PathUnescape(p)
			if err != nil {
				return endpoint{}, false
			}
			id, p = u, "*"
		}
		pattern = append(pattern, p)
	}
	e, ok := endpoints[r.Method+" "+strings.Join(pattern, "/")]
	e.id = id
	return e, ok
}

// endpoints are the paths below /v1/agents, * for an id.
var endpoints = map[string]endpoint{
	"POST ":               {name: "agents", serve: (*Server).createAgent},
	"GET ":                {name: "agents", serve: (*Server).listAgents},
	"GET *":               {name: "agents", serve: (*Server).getAgent},
	"PATCH *":             {name: "agents", serve: (*Server).updateAgent},
	"DELETE *":            {name: "agents", serve: (*Server).deleteAgent},
	"POST runs":           {name: "create", serve: (*Server).createRun},
	"GET runs":            {name: "list", serve: (*Server).listRuns},
	"GET runs/*":          {name: "get", serve: (*Server).getRun},
	"GET runs/*/messages": {name: "messages", serve: (*Server).listMessages},
	"POST runs/*/stop":    {name: "stop", serve: (*Server).stopRun},
}

// An answer is a response before it is sent, so that a fault can change it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) write(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if a.status == http.StatusNoContent {
		w.Header().Del("Content-Type")
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may be gone
}

// problem is an error as the service words it: {statusCode, error, message}.
func problem(status int, message string) answer {
	return answer{status: status, body: encode(struct {
		StatusCode int    `json:"statusCode"`
		Error      string `json:"error"`
		Message    string `json:"message"`
	}{status, http.StatusText(status), message})}
}

// stamp is a time as the API writes it.
func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z") }
