// Package failpoint ends the program at a step that a test chose, so that what
// follows from a crash there can be seen.
//
// It does so only in a program that was built for it, with
//
//	go build -tags failpoints
//
// on a system with signals. In every other build its functions are empty, and
// nothing looks at the environment. The package knows no steps: whoever takes
// one names it, in one line before or after.
package failpoint

// Variable is the name of the environment variable that chooses the step and
// the side of it, such as "after-attempt.intended" or, for the 17th time that
// it is passed, "before-commit:17". With "stop@" in front the process is
// stopped there (SIGSTOP) instead of killed, and may be continued.
const Variable = "BBBATCH_FAILPOINT"
