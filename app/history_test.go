package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"penstock/quality/store"
)

// begin runs a program with a data directory, until end is called.
func begin(t *testing.T, data string) (a *App, end func()) {
	t.Helper()
	options := Defaults()
	options.Listen, options.AdminListen, options.DataDir = "127.0.0.1:0", "", data
	a, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	return a, func() {
		t.Helper()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

type teller struct {
	t    *testing.T
	http *http.Client
	at   string
}

func tell(t *testing.T, a *App) *teller {
	t.Helper()
	return &teller{t: t, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, at: "http://" + a.Addr().String()}
}

func (c *teller) post(path, body string) (int, string) {
	c.t.Helper()
	response, err := c.http.Post(c.at+path+"?session=a-session-of-tests", "application/json", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

func (c *teller) predict(id int) {
	c.t.Helper()
	row := strings.Repeat("0,", 783) + "0"
	if status, answer := c.post("/v1/predict", fmt.Sprintf(`{"features":[%s],"request_id":%d}`, row, id)); status != http.StatusOK {
		c.t.Fatalf("%d: %s", status, answer)
	}
}

func (c *teller) label(id int, label string) int {
	c.t.Helper()
	status, _ := c.post("/v1/feedback", fmt.Sprintf(`{"request_id":%d,"label":%q}`, id, label))
	return status
}

func (c *teller) counts() (predicted, labelled uint64) {
	c.t.Helper()
	response, err := c.http.Get(c.at + "/api/quality")
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Models []struct{ Predicted, Labelled uint64 }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Models) != 1 {
		c.t.Fatalf("%d models, %v", len(answer.Models), err)
	}
	return answer.Models[0].Predicted, answer.Models[0].Labelled
}

// A label that comes after a restart finds its prediction, and one that is sent again
// counts once.
func TestLabelsAfterARestart(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	a, end := begin(t, data)
	c := tell(t, a)
	for id := range 20 {
		c.predict(id)
	}
	for id := range 10 {
		if status := c.label(id, "1"); status != http.StatusOK {
			t.Fatalf("label %d: %d", id, status)
		}
	}
	end()
	for round := range 3 {
		a, end = begin(t, data)
		c = tell(t, a)
		if predicted, labelled := c.counts(); predicted != 20 || labelled != uint64(10+2*round) {
			t.Errorf("after restart %d: %d predicted, %d labelled; want 20 and %d", round, predicted, labelled, 10+2*round)
		}
		for id := range 10 + 2*round {
			if status := c.label(id, "1"); status == http.StatusOK {
				t.Errorf("after restart %d: label %d counts again", round, id)
			}
		}
		for id := 10 + 2*round; id < 12+2*round; id++ {
			if status := c.label(id, "2"); status != http.StatusOK {
				t.Errorf("after restart %d: label %d: %d", round, id, status)
			}
		}
		end()
	}
	kept, err := store.Open(store.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = kept.Close() }()
	if st := kept.Status(); st.Rows != 16 {
		t.Errorf("%d labelled rows are kept; want 16", st.Rows)
	}
}

// Two programs do not share a folder, and what is in one that is damaged is said in
// words.
func TestDataThatCannotBeUsed(t *testing.T) {
	data := t.TempDir()
	_, end := begin(t, data)
	options := Defaults()
	options.Listen, options.AdminListen, options.DataDir = "127.0.0.1:0", "", data
	if _, err := New(options); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("a second program: %v; want an error that names --data-dir", err)
	}
	end()
	if err := os.WriteFile(filepath.Join(data, "quality.db"), []byte("no database, but something else that somebody has put here"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(options); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("another file: %v; want an error that names --data-dir", err)
	}
}

// A checkpoint that is damaged costs no label that was counted: the server starts.
func TestStartsWithoutACheckpoint(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	a, end := begin(t, data)
	c := tell(t, a)
	for id := range 10 {
		c.predict(id)
		c.label(id, "1")
	}
	end()
	if err := os.WriteFile(filepath.Join(data, "quality.checkpoint"), []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, end = begin(t, data)
	if predicted, labelled := tell(t, a).counts(); predicted != 10 || labelled != 10 {
		t.Errorf("without the checkpoint %d are predicted and %d labelled; want 10 of each", predicted, labelled)
	}
	end()
}
