//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"strings"
)

// drillSchema judges the results of the drill's tasks.
const drillSchema = `{"type":"object","required":["id","n"],"properties":{"id":{"type":"string"},"n":{"type":"integer"}}}`

// drillKinds are the kinds of tasks: what stands in their entry beside id and
// task. Their agent answers by the same words.
var drillKinds = map[string]string{
	"plain":    `resultSchema: item`,
	"bare":     ``, // no schema, and so no marker
	"invalid":  `resultSchema: item`,
	"failing":  `resultSchema: item, variables: {token: "${{ secrets.DRILL_TOKEN }}"}`,
	"secret":   `resultSchema: item, variables: {token: "${{ secrets.DRILL_TOKEN }}"}`,
	"agent":    `agentId: AGENT`,
	"flaky":    `resultSchema: item, retry: {max: 1, backoff: 20ms}`, // its first run fails
	"steady":   `resultSchema: item`,
	"slow":     `resultSchema: item, timeout: 1s`,
	"big":      `resultSchema: item`,
	"huge":     `resultSchema: item`,
	"deep":     `resultSchema: item`,
	"number":   `resultSchema: item`,
	"odd":      `resultSchema: item`,
	"traverse": `resultSchema: item`,
}

// usualKinds come in turn where a phase names none.
var usualKinds = []string{
	"plain", "bare", "secret", "agent", "plain", "invalid", "plain", "bare", "failing", "plain",
	"plain", "secret", "plain", "bare", "plain", "agent", "plain", "plain", "big", "plain",
}

// drillTask is the id and the text of a task, as the service sees it.
func drillTask(kind string, n int) (id, text string) {
	id = fmt.Sprintf("%s-%d", kind, n)
	text = "do " + id
	switch kind {
	case "traverse":
		id = "../../" + id
	case "failing", "secret":
		text += " with %token%"
	}
	return id, text
}

// texts maps the ids of the phase's tasks to their texts.
func (p phase) texts() map[string]string {
	all := make(map[string]string, p.tasks)
	for i := range p.tasks {
		id, text := drillTask(p.kind(i), i)
		all[id] = text
	}
	return all
}

func (p phase) kind(i int) string {
	kinds := p.kinds
	if kinds == nil {
		kinds = usualKinds
	}
	return kinds[i%len(kinds)]
}

func (d *drill) writeManifest() {
	var b strings.Builder
	limits := d.limits
	if limits == "" {
		limits = "{requestsPerSecond: 400}"
	}
	fmt.Fprintf(&b, "version: 1\nname: drill\nsecrets: [DRILL_TOKEN]\nlimits: %s\nresultSchemas:\n  item: %s\n%stasks:\n", limits, drillSchema, d.more)
	for i := range d.tasks {
		kind := d.kind(i)
		id, text := drillTask(kind, i)
		entry := fmt.Sprintf("id: %q, task: %q", id, text)
		if more := strings.ReplaceAll(drillKinds[kind], "AGENT", d.service.agentID); more != "" {
			entry += ", " + more
		}
		fmt.Fprintf(&b, "  - {%s}\n", entry)
	}
	if err := os.WriteFile(d.path("tasks.yaml"), []byte(b.String()), 0o600); err != nil {
		d.t.Fatal(err)
	}
}
