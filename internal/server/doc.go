// Package server is the agents API on this machine: Browserbase's agents and
// runs endpoints in memory, as strict as the reference describes them, and
// able to misbehave on request. It is what `bbbatch serve` and `apply --local`
// run against, and what tests use as the service.
//
// Start reading at [New]. An [Agent] does the work of a run: [Page] reads web
// pages without a model, [Script] answers from a file of rules. Faults are in
// faults.go, the life of a run in life.go.
//
// Deliberately absent: any type shared with the client. The server reads and
// writes raw JSON, so that client and server are two readings of the same
// document. It opens no listener, keeps nothing on disk and never stores or
// echoes the value of a variable.
package server
