package cli

import (
	"bytes"

	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/internal/provider"
)

// unknownBatch stands for the id that a batch will have.
const unknownBatch = "BATCH-ID"

// render prints the request that would create the run of a task. Its body is
// what would be sent, to the byte, but for the secrets and the batch's id in the
// marker.
func render(sys Sys, m *manifest.Manifest, id string) error {
	task, err := m.Task(id)
	if err != nil {
		return unmatched(sys, m, "--render", err)
	}
	r, err := provider.CreateRequest(task.Spec.Tracked(unknownBatch, task.ID, 1, m.Tracking))
	if err != nil {
		return usage(err, "")
	}
	var out bytes.Buffer
	out.WriteString(`{"method":"` + r.Method + `","path":"` + r.Path + `","body":`)
	out.Write(r.Body)
	out.WriteString("}\n")
	_, err = sys.stdout().Write(out.Bytes())
	return unlessGone(err)
}
