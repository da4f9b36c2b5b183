package server_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"penstock/inference"
	"penstock/model/modeltest"
	"penstock/monitor"
	"penstock/quality"
	"penstock/server"
	"penstock/serving"
)

// TestOptionsAreValidated: what makes no sense is refused by the field's name.
func TestOptionsAreValidated(t *testing.T) {
	store, err := quality.New(quality.Options{})
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := serving.NewCatalog(serving.CatalogOptions{Quality: store})
	if err != nil {
		t.Fatal(err)
	}
	service := &serving.Service{Catalog: catalog, Quality: store, Ledger: new(serving.Ledger)}
	watch, err := monitor.New(monitor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	good := server.Options{Service: service, Monitor: watch}
	if _, err := server.New(good); err == nil || !strings.Contains(err.Error(), "empty catalog") {
		t.Errorf("%v; want an error that the catalog is empty", err)
	}
	candidate := serving.Candidate{Model: &modeltest.Oracle{Features: 1}, Pool: inference.Options{Window: 8}}
	if _, err := catalog.Add(candidate); err != nil {
		t.Fatal(err)
	}
	if _, err := server.New(good); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*server.Options){
		"Service lacks":         func(o *server.Options) { o.Service = nil },
		"a ledger":              func(o *server.Options) { o.Service = &serving.Service{Catalog: catalog, Quality: store} },
		"Monitor is nil":        func(o *server.Options) { o.Monitor = nil },
		"MaxRows is 9":          func(o *server.Options) { o.MaxRows = 9 },
		"MaxConnections":        func(o *server.Options) { o.MaxConnections = -1 },
		"MaxMessageBytes":       func(o *server.Options) { o.MaxMessageBytes = -1 },
		`AllowOrigins: "ok.ex`:  func(o *server.Options) { o.AllowOrigins = []string{"ok.example"} },
		`AllowHosts: "http://e`: func(o *server.Options) { o.AllowHosts = []string{"http://e"} },
	} {
		o := good
		spoil(&o)
		if _, err := server.New(o); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v; want an error with %q", err, field)
		}
	}
}

// TestNoSecretIsLogged, whatever becomes of the handshake that carries it (row
// 14).
func TestNoSecretIsLogged(t *testing.T) {
	var log bytes.Buffer
	r := start(t, setup{server: func(o *server.Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}})
	const secret = "s3cr3t-t0k3n"
	r.connect("/ws/predict?token="+secret).ask(`{"type":"auth","token":"`+secret+`"}`, `{"type":"auth_ok",…}`)
	for _, request := range []string{
		fmt.Sprintf(upgrade, "/ws/predict?session=x&token="+secret),
		strings.Replace(fmt.Sprintf(upgrade, "/ws/predict?token="+secret), "13", "8", 1),
		strings.Replace(fmt.Sprintf(upgrade, "/ws/predict?token="+secret), "localhost", "evil.example", 1),
		strings.Replace(fmt.Sprintf(upgrade, "/ws/predict"), "\r\n\r\n", "\r\nAuthorization: Bearer "+secret+"\r\nOrigin: http://evil.example\r\n\r\n", 1),
	} {
		if response, body := r.open().handshake(request); response.StatusCode < 400 || strings.Contains(body, secret) {
			t.Errorf("%s: %s; want an error without the secret", response.Status, body)
		}
	}
	r.stop()
	if strings.Contains(log.String(), secret) {
		t.Errorf("the log has the secret:\n%s", log.String())
	}
	if log.Len() == 0 {
		t.Error("nothing was logged at all")
	}
}
