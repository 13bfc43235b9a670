package manifest

import "testing"

// The secret of a variable that every task overrides is declared, and not in
// use: nobody has to set it.
func TestOverriddenSecret(t *testing.T) {
	m := load(t, "version: 1\nsecrets: [A]\nvariables: {a: '${{ secrets.A }} ${{ row.x }}'}\ntasks: [{task: '%a%', variables: {a: x}}]\n", nil)
	if got := m.UsedSecrets(); len(got) != 0 {
		t.Errorf("got %v, want none", got)
	}
}
