package server

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// An Agent does the work of runs. Work is called once per run, from many
// goroutines at once, and must return soon after ctx is done: [Server.Close]
// waits for it. The answer of a run that was stopped or ran out of time is
// dropped. An error, and likewise a panic, ends the run as FAILED.
type Agent interface {
	Work(ctx context.Context, r Run) (Answer, error)
}

// A Run is what an agent is given. It must not outlive the call to Work, since
// it holds the values of variables.
type Run struct {
	ID           string
	Task         string            // the text with every known %name% replaced by its value
	SystemPrompt string            // the agent's own, placeholders replaced; "" for none
	Schema       json.RawMessage   // the run's resultSchema, else its agent's; nil for none
	Settings     json.RawMessage   // browserSettings as sent; nil for none
	Variables    map[string]string // values by name

	// OpenSession makes the run's sessionId known. An agent that needs no
	// browser does not call it, and its runs have none.
	OpenSession func()

	// Show sets the status word that readers see while the work goes on.
	Show func(status string)
}

// An Answer is how a run ended.
type Answer struct {
	Status   string            // COMPLETED, FAILED, STOPPED or TIMED_OUT; "" is COMPLETED
	Result   json.RawMessage   // sent byte for byte; nil for none
	Cause    *Cause            // why a run failed
	Messages []json.RawMessage // the transcript: objects with role and content
}

// A Cause is the account of a failed run. The server cuts Code to 64
// characters and Message to 500, the bounds of the reference.
type Cause struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}

// failed is the answer of a run that came to nothing.
func failed(code, message string) Answer {
	return Answer{Status: "FAILED", Cause: &Cause{Code: code, Message: message}}
}

// message is one entry of a transcript.
func message(role, content string) json.RawMessage {
	return encode(map[string]string{"role": role, "content": content})
}

// substitute replaces every %name% whose name is in vars. Other per cent signs
// stay, and values are not looked at again.
func substitute(text string, vars map[string]string) string {
	if len(vars) == 0 {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "%")
		value, known := vars[name]
		if closed && known {
			b.WriteString(value)
			text = after
			continue
		}
		b.WriteByte('%')
		text = rest
	}
}

// mask is the way back: it puts %name% where a value stands, so that texts
// made from addresses and errors never show one.
func mask(text string, vars map[string]string) string {
	names := make([]string, 0, len(vars))
	for name, value := range vars {
		if value != "" {
			names = append(names, name)
		}
	}
	// A value that contains another goes first, or its rest would show.
	slices.SortFunc(names, func(a, b string) int {
		if d := len(vars[b]) - len(vars[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	if len(names) == 0 {
		return text
	}
	var patterns []string
	nameOf := map[string]string{}
	for _, name := range names {
		for _, form := range forms(vars[name]) {
			pattern := regexp.QuoteMeta(form)
			// Of a very short value only whole words are masked: every 4 in
			// "answered 404" is not the quantity.
			if len(form) < 4 && wordOnly.MatchString(form) {
				pattern = `\b` + pattern + `\b`
			}
			patterns = append(patterns, pattern)
			if nameOf[form] == "" {
				nameOf[form] = name
			}
		}
	}
	all, err := regexp.Compile(strings.Join(patterns, "|"))
	if err != nil {
		return "a text that holds the values of variables is not shown"
	}
	return all.ReplaceAllStringFunc(text, func(form string) string { return "%" + nameOf[form] + "%" })
}

var wordOnly = regexp.MustCompile(`^\w+$`)
