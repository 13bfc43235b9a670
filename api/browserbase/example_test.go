package browserbase_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/bbbatch/bbbatch/api"
	"github.com/bbbatch/bbbatch/api/browserbase"
)

func Example() {
	// Stands for the service.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"runId":"run-1","task":"…","status":"PENDING"}`)
			return
		}
		_, _ = io.WriteString(w, `{"runId":"run-1","task":"…","status":"COMPLETED","result":{"price":12.50}}`)
	}))
	defer server.Close()

	client, err := browserbase.New(browserbase.Config{APIKey: "bb_live_example", BaseURL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	ctx := context.Background()

	run, err := client.Runs.Create(ctx, browserbase.CreateRun{
		Task:         "find the price of %product%",
		ResultSchema: json.RawMessage(`{"type":"object","properties":{"price":{"type":"number"}}}`),
		Variables:    map[string]browserbase.Variable{"product": {Value: "a blue widget"}},
	})
	var apiErr *api.Error
	if errors.As(err, &apiErr) && !apiErr.Sent {
		fmt.Println("nothing was bought:", err)
		return
	}
	if err != nil {
		fmt.Println("a run may exist:", err)
		return
	}
	fmt.Println(run.RunID, run.Status)

	// A real program waits between its reads until the run has ended.
	run, err = client.Runs.Get(ctx, run.RunID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(run.Status, string(run.Result))
	// Output:
	// run-1 PENDING
	// COMPLETED {"price":12.50}
}
