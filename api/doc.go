// Package api makes one HTTP request to an agents service and turns what comes
// back into a value or one precise [Error]. It owns what every service's
// client needs alike: the transport and its time limits, the rule that a
// request which costs money is sent once, the cleaning of errors, the shallow
// [Scanner] that no answer can exhaust, and the [Run] that all services share.
//
// It refuses to repeat a request, to follow a redirect to another address, to
// hold an answer of any size in memory, and to put a key into an error. It
// reads no environment variables except, through
// [net/http.ProxyFromEnvironment], those that name a proxy.
//
// Start at [New] and [Client.Do]; clients of one service lie in the packages
// below this one.
package api
