package cli

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/api/browserbase"
	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/manifest"
)

// A whereabouts says where a service is, and by which variable it knows us. The
// zero value leaves both to the environment and the vendor.
type whereabouts struct {
	flag     string // --provider-url; "" where not given
	manifest string // the file that the next two are from
	named    string // its address; "" for none
	key      string // its name of the variable that has the key; "" for the vendor's
}

// whereaboutsOf are those that a manifest and the command line name.
func whereaboutsOf(m *manifest.Manifest, flag string) whereabouts {
	return whereabouts{flag, m.File, m.BaseURL, m.KeySecret}
}

// storedWhereabouts are those of a batch, which is at its own address.
func storedWhereabouts(info batch.Info) whereabouts {
	return whereabouts{flag: info.BaseURL, key: manifest.ServiceIn(info.Manifest).KeySecret}
}

// keyName is the variable that the key is read from.
func (w whereabouts) keyName() string { return firstOf(w.key, apiKey) }

// place is where the manifest names the address.
func (w whereabouts) place() string { return w.manifest + ": provider.baseURL" }

// pair reports whether the manifest names an address and the key for it: that key
// goes nowhere else, unless somebody types where.
func (w whereabouts) pair() bool { return w.named != "" && w.key != "" }

// address returns the service's address and the name of what gave it: the flag,
// else the manifest's pair of an address and its key, else the vendor's variable,
// else the manifest, else the vendor's own. It is the host, without /v1 and
// without a slash at its end.
func (w whereabouts) address(sys Sys) (base, from string, err error) {
	base, from = w.flag, "--provider-url"
	if base == "" && !w.pair() {
		base, from = sys.Getenv(baseVariable), baseVariable
	}
	if base == "" && w.named != "" {
		base, from = w.named, w.place()
	}
	if base == "" {
		base = browserbase.DefaultBaseURL
	}
	what, hint := wrongAddress(base)
	switch {
	case what == "":
		return strings.TrimRight(base, "/"), from, nil
	case w.flag != "":
		return "", "", wrongFlag("provider-url", errors.New(what), hint)
	}
	return "", "", usage(fmt.Errorf("%s: %s", from, what), hint)
}

// baseVariable is the vendor's variable for the address.
const baseVariable = "BROWSERBASE_BASE_URL"

// wrongAddress says what is wrong with an address, or "". It repeats no part
// that a password may stand in.
func wrongAddress(text string) (what, hint string) {
	const such = "an address is such as https://api.browserbase.com or http://127.0.0.1:4010"
	if !strings.Contains(text, "://") {
		return "must begin with https:// or http://", such
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "is not an address", such
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Sprintf("must begin with https:// or http://, not %s://", u.Scheme), such
	case u.Hostname() == "":
		return "has no host", such
	case u.User != nil:
		return "must not hold a user name or password", "the key goes into BROWSERBASE_API_KEY"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#"):
		return "must end before the ? or the #", such
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/v1"):
		u.Path, u.RawPath = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/v1"), ""
		return "must be without /v1, which is added to it", "write " + u.String()
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Sprintf("there is no port %s: ports are 1 to 65535", port), such
		}
	}
	return "", ""
}

// checkKey finds what an HTTP header can't carry, or what surely came into a
// key by mistake. It says nothing of the key itself.
func checkKey(name, key string) error {
	what := ""
	switch {
	case strings.ContainsAny(key, "\r\n"):
		what = "a line end"
	case strings.ContainsFunc(key, unicode.IsSpace):
		what = "a blank"
	case strings.ContainsFunc(key, unicode.IsControl):
		what = "a control character"
	case strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII }):
		what = "a character that is not ASCII"
	default:
		return nil
	}
	return usage(fmt.Errorf("%s: holds %s, which no key does", name, what), "set it to the key alone, without what stands around it")
}

// unusable tells a person why the service at an address, which from gave, can't be
// used. onward is the command to run then, "" for the one that was typed.
func unusable(base, from string, err *batch.UnreachableError, secrets batch.Secrets, onward string) error {
	retry := ", then run " + firstOf(onward, "the same command again")
	look := "check the address (" + from + ")"
	var e *api.Error
	var rejected *batch.RejectedError
	what, hint := err.Error(), look+", the network and the service"+retry
	switch {
	case errors.As(err.Err, &e) && e.Error() != err.Err.Error():
		// It is about more than this one request.
	case e != nil && e.Status == 0:
		what, hint = "the service can't be reached: "+e.Message, look+" and the network"+retry
	case e != nil && e.Status/100 == 2:
		what, hint = "this is not the agents API: "+e.Message, look
	case e != nil:
		what = fmt.Sprintf("the service can't be used: %s", withStatus(e.Status, e.Message))
	case errors.As(err.Err, &rejected):
		what, hint = "this is not the agents API: "+withStatus(rejected.Status, rejected.Message), look
	}
	return &failure{exitService, fmt.Errorf("%s: %s", base, secrets.Masker().Mask(what)), hint}
}

// withStatus puts the status before a message that does not begin with it.
func withStatus(status int, message string) string {
	if s := strconv.Itoa(status); !strings.HasPrefix(message, s+" ") {
		return s + ": " + message
	}
	return message
}
