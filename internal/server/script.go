package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Script returns an agent that answers from rules: a JSON array of them, or
// one after the other (JSON Lines). The first rule that matches a run answers
// it; a run that none matches fails with NO_RULE. The keys of a rule, all
// optional:
//
//	match      RE2 pattern, searched in the task's text with its placeholders filled; default: every run
//	times      the rule answers so many runs only
//	status     COMPLETED (default), FAILED, STOPPED or TIMED_OUT
//	result     any JSON, sent byte for byte; {{variables.NAME}} inside a string becomes the variable's value
//	generate   in place of result: {"bytes": N} or {"depth": N}, an object of that size or nesting
//	cause      {"code": …, "message": …}
//	delay      how long the work takes, such as "200ms"
//	statuses   words that the status passes through on the way, such as "PAUSED", the delay parted among them
//	messages   the transcript: objects
//	sessionId  false: the run never has one
//	answers    what is said of the run in place of the truth: an object with create, get, list (its row there), stop or
//	           messages; a string is sent as text, any other value byte for byte. {{id}} stands for the run's id,
//	           {{run}} for the truth, {{other}} for the id of the first run, {{hex:00ff}} for bytes, {{1000*x}} for a
//	           text that is repeated
func Script(rules io.Reader) (Agent, error) {
	raw, err := readRules(rules)
	if err != nil {
		return nil, err
	}
	a := &scriptAgent{rules: make([]scriptRule, len(raw))}
	for i, r := range raw {
		if a.rules[i], err = parseRule(r); err != nil {
			return nil, fmt.Errorf("rules[%d]: %w", i, err)
		}
	}
	return a, nil
}

type scriptAgent struct {
	mu    sync.Mutex
	rules []scriptRule
}

type scriptRule struct {
	pattern   *regexp.Regexp
	left      int // runs that it still answers; -1 for all
	status    string
	result    json.RawMessage
	generate  generated
	cause     *Cause
	delay     time.Duration
	statuses  []string
	messages  []json.RawMessage
	noSession bool
	told      told
}

func readRules(r io.Reader) ([]json.RawMessage, error) {
	b := bufio.NewReader(r)
	d := json.NewDecoder(b)
	var all []json.RawMessage
	for {
		var v json.RawMessage
		err := d.Decode(&v)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("rules[%d]: %w", len(all), err)
		}
		if kindOf(v) != "array" || len(all) > 0 {
			all = append(all, v)
			continue
		}
		if err := json.Unmarshal(v, &all); err != nil {
			return nil, err
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, errors.New("rules: something follows the array")
		}
		return all, nil
	}
}

// ruleFields are the keys of a rule; the values are checked by what reads them.
var ruleFields = map[string]field{
	"match":     {false, ofKind("string")},
	"times":     {false, ofKind("number")},
	"status":    {false, ofKind("string")},
	"result":    {false, func(string, json.RawMessage) error { return nil }},
	"generate":  {false, closed(map[string]field{"bytes": {false, ofKind("number")}, "depth": {false, ofKind("number")}})},
	"cause":     {false, closed(map[string]field{"code": {true, text(1, 64)}, "message": {false, text(0, 500)}})},
	"delay":     {false, ofKind("string")},
	"statuses":  {false, ofKind("array")},
	"messages":  {false, ofKind("array")},
	"sessionId": {false, ofKind("boolean")},
	"answers":   {false, ofKind("object")},
}

func parseRule(raw json.RawMessage) (r scriptRule, err error) {
	m, err := object("rule", raw, ruleFields)
	if err != nil {
		return r, errors.New(strings.TrimPrefix(err.Error(), "rule."))
	}
	if r.pattern, err = regexp.Compile(stringOf(m["match"])); err != nil {
		return r, fmt.Errorf("match: %w", err)
	}
	r.left = -1
	if v, ok := m["times"]; ok && (json.Unmarshal(v, &r.left) != nil || r.left < 1) {
		return r, fmt.Errorf("times: must be a whole number from 1, not %s", v)
	}
	if r.status = stringOf(m["status"]); r.status == "" {
		r.status = statusCompleted
	}
	if !terminal(r.status) {
		return r, fmt.Errorf("status: must be COMPLETED, FAILED, STOPPED or TIMED_OUT, not %q", r.status)
	}
	r.result = m["result"]
	if v, ok := m["generate"]; ok {
		if r.result != nil {
			return r, errors.New("generate: stands in place of result")
		}
		if err := json.Unmarshal(v, &r.generate); err != nil || !r.generate.valid() {
			return r, fmt.Errorf("generate: must be bytes or depth, from 1 to %d or %d", maxGenerated, maxGeneratedDepth)
		}
	}
	if v, ok := m["cause"]; ok {
		r.cause = &Cause{}
		_ = json.Unmarshal(v, r.cause) // checked above
	}
	if v, ok := m["delay"]; ok {
		if r.delay, err = time.ParseDuration(stringOf(v)); err != nil || r.delay < 0 {
			return r, fmt.Errorf("delay: must be a duration such as 200ms, not %s", v)
		}
	}
	if err := unmarshalIf(m["statuses"], &r.statuses); err != nil || slices.ContainsFunc(r.statuses, func(s string) bool { return s == "" || terminal(s) }) {
		return r, errors.New("statuses: must be words that no run ends with")
	}
	_ = unmarshalIf(m["messages"], &r.messages) // an array, checked above
	for i, v := range r.messages {
		if kindOf(v) != "object" {
			return r, fmt.Errorf("messages[%d]: must be an object, not %s", i, kindOf(v))
		}
	}
	if v, ok := m["answers"]; ok {
		if r.told, err = parseTold(v); err != nil {
			return r, err
		}
	}
	r.noSession = string(bytes.TrimSpace(m["sessionId"])) == "false"
	return r, nil
}

// unmarshalIf reads a value that may be absent.
func unmarshalIf(v json.RawMessage, into any) error {
	if v == nil {
		return nil
	}
	return json.Unmarshal(v, into)
}

func (a *scriptAgent) Work(ctx context.Context, r Run) (Answer, error) {
	rule, ok := a.rule(r.Task)
	if !ok {
		return failed("NO_RULE", "no rule matches the task"), nil
	}
	if !rule.noSession {
		r.OpenSession()
	}
	steps := time.Duration(len(rule.statuses) + 1)
	for i := range steps {
		if i > 0 {
			r.Show(rule.statuses[i-1])
		}
		if err := sleep(ctx, rule.delay/steps); err != nil {
			return Answer{}, err
		}
	}
	result := rule.generate.result()
	if result == nil {
		result = echo(rule.result, r.Variables)
	}
	return Answer{Status: rule.status, Result: result, Cause: rule.cause, Messages: rule.messages}, nil
}

// rule picks the rule of a task and counts it.
func (a *scriptAgent) rule(task string) (scriptRule, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.rules {
		r := &a.rules[i]
		if r.left == 0 || !r.pattern.MatchString(task) {
			continue
		}
		if r.left > 0 {
			r.left--
		}
		return *r, true
	}
	return scriptRule{}, false
}

// answers implements [answerer]. It does not count the rule.
func (a *scriptAgent) answers(task string) told {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.rules {
		if r.left != 0 && r.pattern.MatchString(task) {
			return r.told
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var echoPattern = regexp.MustCompile(`\{\{variables\.([^{}"\\]+)\}\}`)

// echo puts variables into a result's strings and leaves every other byte.
func echo(result json.RawMessage, vars map[string]string) json.RawMessage {
	if !bytes.Contains(result, []byte("{{variables.")) {
		return result
	}
	return echoPattern.ReplaceAllFunc(result, func(m []byte) []byte {
		value, ok := vars[string(echoPattern.FindSubmatch(m)[1])]
		if !ok {
			return m
		}
		quoted := encode(value)
		return quoted[1 : len(quoted)-1]
	})
}
