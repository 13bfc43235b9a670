package cli

import (
	"bytes"

	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/internal/provider"
)

// render prints the request that would create the run of a task. Its body is
// what would be sent, to the byte, but for the secrets.
func render(sys Sys, m *manifest.Manifest, id string) error {
	task, err := m.Task(id)
	if err != nil {
		return unmatched(sys, m, "--render", err)
	}
	r, err := provider.CreateRequest(task.Spec)
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
