package api

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// reachable turns an error of getting a connection into words for a person; any
// other error is returned as it is. The address stands elsewhere in an [Error].
func reachable(err error) error {
	var dns *net.DNSError
	var op *net.OpError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	proxy := ""
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		proxy, err = "the proxy that the environment names: ", op.Err
	}
	words := ""
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		words = fmt.Sprintf("no host is named %q", dns.Name)
	case errors.As(err, &dns):
		words = fmt.Sprintf("the name %q can't be looked up: %s", dns.Name, dns.Err)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		words = "it does not answer in TLS: does the address begin with http:// and not https://?"
	case errors.As(err, &certificate):
		words = "its certificate is not to be trusted: " + strings.TrimPrefix(certificate.Err.Error(), "x509: ")
	case errors.As(err, &op) && op.Op == "dial":
		words = dialed(op)
	case proxy == "":
		return err
	default:
		words = err.Error()
	}
	return errors.New(proxy + words)
}

// windowsRefused is what Windows calls ECONNREFUSED; nothing else has the number.
const windowsRefused = syscall.Errno(10061)

// dialed says why there is no connection.
func dialed(op *net.OpError) string {
	var address *net.AddrError
	var number syscall.Errno
	switch {
	case errors.Is(op, syscall.ECONNREFUSED), errors.Is(op, windowsRefused):
		return "connection refused: nothing listens there"
	case op.Timeout():
		return "no connection within the time limit"
	case errors.As(op, &address):
		return fmt.Sprintf("%s: %s", address.Addr, address.Err)
	case errors.As(op, &number):
		return number.Error()
	}
	return op.Err.Error()
}
