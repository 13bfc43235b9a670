package manifest

// homes says, for each name that only some expressions know, where it may
// stand.
var homes = map[string]string{
	"row":     "what belongs to a task that has forEach",
	"matrix":  "what belongs to a task that has a matrix",
	"params":  "what belongs to a task, and in limits, provider and the paths of reports",
	"env":     "variables, task, agentId, resultSchema, browserSettings, group, tags and if",
	"result":  "expect, and in where and columns of reports",
	"run":     "expect, and in where and columns of reports",
	"task":    "expect",
	"batch":   "the paths of reports",
	"item":    "the columns of a report that has unwind",
	"outcome": "where and columns of reports",
	"passed":  "batchExpect",
	"failed":  "batchExpect",
	"total":   "batchExpect",
}
