//go:build !failpoints || !unix

package failpoint

// Arm chooses nothing in this build.
func Arm(func(string) string) {}

// Before does nothing in this build.
func Before(string) {}

// After does nothing in this build.
func After(string) {}
