package batch

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Stands reports whether what became of the task stands: it is done, or was to be
// tried again when its batch was halted or closed.
func (r Record) Stands() bool {
	return r.State == StateDone || r.State == StatePending && r.Outcome != Pending && r.Outcome != NotStarted
}

// Answer reads the result of a task whose outcome stands, from the record or from
// the file that it lies in; nil when there is none, or one of more than most
// bytes. A file that was cut short is an error: it is not another result.
func (r Record) Answer(most int64) (json.RawMessage, error) {
	switch {
	case !r.Stands() || !r.Result.Present() || r.Result.Size > most:
		return nil, nil
	case r.Result.File == "":
		return r.Result.Raw, nil
	}
	path := r.Result.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.StateDir, path)
	}
	info, err := os.Stat(path)
	if err == nil && info.Size() != r.Result.Size {
		err = fmt.Errorf("%s has %d bytes, %d were stored", path, info.Size(), r.Result.Size)
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("the result of task %q: %w", r.ID, err)
	}
	return raw, nil
}
