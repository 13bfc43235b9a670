// Package provider fits the api clients to what the engine asks of a service:
// it owns the reading of answers as [batch.Provider] words them, above all
// whether a create that failed can have bought a run. It refuses to decide
// what to do about it: it repeats nothing and waits for nothing.
package provider
