package server

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
)

// told is what a rule has the server say of its runs in place of the truth, by
// endpoint: create, get, list (the run's row), stop and messages (the page).
type told map[string][]byte

// An answerer is an agent that chooses what is said of a run.
type answerer interface{ answers(task string) told }

func parseTold(v json.RawMessage) (told, error) {
	m, err := open("answers", v)
	if err != nil {
		return nil, err
	}
	t := told{}
	for _, name := range sorted(m) {
		switch name {
		case "create", "get", "list", "stop", "messages":
		default:
			return nil, fmt.Errorf("answers.%s: must be create, get, list, stop or messages", clip(name, 40))
		}
		t[name] = m[name]
		if kindOf(m[name]) == "string" {
			t[name] = []byte(stringOf(m[name]))
		}
		if size := toldSize(t[name]); size > maxGenerated {
			return nil, fmt.Errorf("answers.%s: is larger than %d bytes", name, maxGenerated)
		}
	}
	return t, nil
}

// A placeholder in an answer: the run's id, what would truly be said of it, the
// id of the first run that the server has, bytes in hexadecimal, and a text
// that is repeated.
var toldPattern = regexp.MustCompile(`(?s)\{\{(?:(id|run|other)|hex:((?:[0-9a-f]{2})+)|([0-9]{1,10})\*(.+?))\}\}`)

// toldSize is the length of an answer with its texts repeated; at least
// maxGenerated when it has no limit.
func toldSize(text []byte) int {
	size := len(text)
	for _, m := range toldPattern.FindAllSubmatch(text, -1) {
		if m[3] == nil {
			continue
		}
		n, _ := strconv.Atoi(string(m[3])) // ten digits
		if n > maxGenerated {
			return n
		}
		if size += n * len(m[4]); size > maxGenerated {
			return size
		}
	}
	return size
}

// say is what the server says of a run at an endpoint: honest, unless a rule
// wants otherwise. The mutex is held.
func (s *Server) say(n *run, endpoint string, honest json.RawMessage) json.RawMessage {
	text, ok := n.told[endpoint]
	if !ok {
		return honest
	}
	return toldPattern.ReplaceAllFunc(text, func(match []byte) []byte {
		m := toldPattern.FindSubmatch(match)
		switch {
		case m[2] != nil:
			raw, _ := hex.DecodeString(string(m[2]))
			return raw
		case m[3] != nil:
			times, _ := strconv.Atoi(string(m[3]))
			return bytes.Repeat(m[4], times)
		}
		switch string(m[1]) {
		case "id":
			return []byte(n.id)
		case "other":
			return []byte(s.runs.order.all[0].id)
		}
		return honest
	})
}
