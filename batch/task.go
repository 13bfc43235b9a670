package batch

import (
	"encoding/json"
	"time"

	"github.com/bbbatch/bbbatch/schema"
)

// A Task is one entry of a manifest after expansion.
type Task struct {
	Position int             // 0-based place in the manifest's order
	ID       string          // unique in the batch, at most 256 characters
	Template string          // the entry it came from, such as "tasks[0]"
	Row      json.RawMessage // the data row as a JSON object; nil without forEach
	Spec     Spec
	Schema   *schema.Schema // judges the result; nil when the task names none
	Timeout  time.Duration  // local deadline of a run, counted from its creation
	Retry    Retry
	Repeat   *Repetition // nil for a task of its own
	Group    string      // bounds and halts apply to it together; "" for none
	Tags     []string
	Matrix   json.RawMessage   // its values of the matrix as a JSON object; nil without one
	Checks   *Checks           // what its result must be besides; nil for nothing
	Skip     string            // why nothing is bought for it, in words; "" for a task to run
	Hidden   map[string]string // secret cells of its row, by column: not in Row, and hidden like secrets
}

// A Spec is what is sent to create a run.
type Spec struct {
	Task            string          // the text, with %name% placeholders
	AgentID         string          // "" for an ad-hoc run
	ResultSchema    json.RawMessage // self-contained JSON Schema; nil for none
	BrowserSettings json.RawMessage // JSON object as the service defines it; nil for none
	Variables       []Variable      // sorted by name
}

// A Variable is a named value that the service puts in place of %Name%.
type Variable struct {
	Name        string
	Value       string // what is sent; may be a secret
	Masked      string // Value with every secret replaced by its name, such as "${{ secrets.PASSWORD }}"
	Description string
}
