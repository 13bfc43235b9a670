// Package batch is the engine: it takes tasks, buys one run for each from a
// service, waits for the runs, judges their results and writes every step to a
// ledger before anything follows from it.
//
// The promise is that a paid run is never lost, never bought twice and never
// believed without a check. Start reading at [Run]; the words are in state.go,
// outcome.go and event.go; what the engine needs of others is in provider.go
// and ledger.go.
//
// Deliberately absent: YAML, SQL, HTTP, terminals and the environment. They
// belong to the packages that implement [Provider] and [Ledger] and to the
// command line.
package batch
