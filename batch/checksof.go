package batch

import "strings"

// any reports whether there is anything to check.
func (c *Checks) any() bool { return c != nil && (c.Path != "" || len(c.Expect) > 0) }

// expects reports whether there are expectations.
func (c *Checks) expects() bool { return c != nil && len(c.Expect) > 0 }

// canonical is the canonical JSON of the checks.
func (c *Checks) canonical() []byte { return canonical(encoded(c)) }

// Digest identifies the checks: the hexadecimal sha256 of their canonical JSON;
// "" where there is nothing to check.
func (c *Checks) Digest() string {
	if !c.any() {
		return ""
	}
	return sum(c.canonical())
}

// mention reports whether an expectation may name something of its environment:
// whoever reads it has its name somewhere, or the environment as a whole.
func (c *Checks) mention(name string) bool {
	for _, e := range c.Expect {
		if strings.Contains(e.That, name) || strings.Contains(e.That, "$env") {
			return true
		}
	}
	return false
}
