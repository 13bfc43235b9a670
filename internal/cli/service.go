package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/pflag"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/api/browserbase"
	"github.com/bbbatch/bbbatch/batch"
	"github.com/bbbatch/bbbatch/internal/manifest"
	"github.com/bbbatch/bbbatch/internal/provider"
	"github.com/bbbatch/bbbatch/internal/server"
)

// A service is where runs are bought, and how it is to be treated.
type service struct {
	provider  batch.Provider
	kind      string // browserbase or local
	baseURL   string // part of a batch's identity
	from      string // the manifest's place that names the address; "" where it is from elsewhere
	rate      float64
	firstLook time.Duration
	secrets   batch.Secrets // the key, by the name of its variable
	keyName   string        // of that variable
	close     func() error
}

// How the services are treated unless the manifest says otherwise.
const (
	browserbaseRate = 10 // requests per second
	browserbaseLook = 2 * time.Second
	localLook       = 20 * time.Millisecond
)

var errLocalAddress = usage(errors.New("--provider-url: can't be used with the local server, which runs inside this process"), "leave out --local, or --provider-url")

// connect finds the service that a manifest and the command line name. It
// sends nothing.
func connect(sys Sys, m *manifest.Manifest, f *applyFlags, spill string) (*service, error) {
	if f.local || m.Provider == "local" {
		if f.providerURL != "" {
			return nil, errLocalAddress
		}
		return connectLocal(sys, m, f, spill)
	}
	c, err := newClient(sys, whereaboutsOf(m, f.providerURL), spill, f.trace)
	if err != nil {
		return nil, err
	}
	return &service{
		provider: provider.Browserbase(c.Client), kind: "browserbase", baseURL: c.baseURL, from: c.from,
		rate: browserbaseRate, firstLook: browserbaseLook,
		secrets: batch.Secrets{c.keyName: c.key}, keyName: c.keyName,
		close: func() error { return nil },
	}, nil
}

// maxInMemory is the size up to which the results of runs are read into memory,
// each request its own. The ledger keeps longer ones in files of their own, so
// they are read into one.
const maxInMemory = 1 << 20

func clientConfig(sys Sys, key, address, spill string, trace func(api.Exchange)) browserbase.Config {
	return browserbase.Config{
		APIKey: key, BaseURL: address, SpillDir: spill, MaxResultBytes: maxInMemory,
		UserAgent: "bbbatch/" + version(), Timeout: sys.Timeout, Trace: trace,
	}
}

// apiKey is the variable that the key is read from, unless a manifest names
// another.
const apiKey = "BROWSERBASE_API_KEY"

// A client speaks to the service that the command line, the environment or a
// manifest names.
type client struct {
	*browserbase.Client
	baseURL string
	from    string // the manifest's place that names the address; "" where it is from elsewhere
	key     string
	keyName string        // the variable that has it
	masks   *batch.Masker // of what is printed: hides the key
}

// newClient makes a client of a service. It sends nothing. trace, which may be
// nil, is told of every request.
func newClient(sys Sys, w whereabouts, spill string, trace func(api.Exchange)) (*client, error) {
	name := w.keyName()
	key := sys.Getenv(name)
	if key == "" {
		return nil, &failure{exitService, fmt.Errorf("no API key: the environment variable %s is not set", name), "export " + name + "=…"}
	}
	if err := checkKey(name, key); err != nil {
		return nil, err
	}
	url, from, err := w.address(sys)
	if err != nil {
		return nil, err
	}
	c, err := browserbase.New(clientConfig(sys, key, url, spill, trace))
	if err != nil {
		return nil, usage(err, "look at "+name+" and "+from)
	}
	if from != w.place() {
		from = ""
	}
	return &client{c, url, from, key, name, batch.Secrets{name: key}.Masker()}, nil
}

// providerURLVar defines --provider-url, which newClient takes.
func providerURLVar(flags *pflag.FlagSet, address *string) {
	flags.StringVar(address, "provider-url", "", "`ADDRESS` of the service (default: provider.baseURL of the manifest where that\nnames the key too, else BROWSERBASE_BASE_URL, else the vendor's)")
}

// connectLocal starts the agents API inside this process, on a free port of
// the loopback interface.
func connectLocal(sys Sys, m *manifest.Manifest, f *applyFlags, spill string) (*service, error) {
	key := rand.Text()
	srv, err := server.New(server.Config{
		Key:         key,
		Agent:       server.Page(server.PageConfig{Sites: m.Sites, UserAgent: "bbbatch/" + version()}),
		Concurrency: 200,
	})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the local server can't listen: %w", err)
	}
	h := &http.Server{Handler: srv, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- h.Serve(listener) }()
	stop := func() error {
		err := errors.Join(h.Close(), srv.Close())
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
	client, err := browserbase.New(clientConfig(sys, key, "http://"+listener.Addr().String(), spill, f.trace))
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return &service{
		provider: provider.Browserbase(client), kind: "local", baseURL: "local",
		firstLook: localLook, secrets: batch.Secrets{"the local server's key": key}, close: stop,
	}, nil
}
