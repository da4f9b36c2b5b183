package main_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"penstock/protocol"
)

// openAPI is as much of docs/openapi.yaml as the tests look at.
type openAPI struct {
	OpenAPI    string `yaml:"openapi"`
	Paths      map[string]map[string]operation
	Components struct {
		Responses  map[string]response
		Schemas    map[string]schema
		Parameters map[string]any
		Headers    map[string]any
	}
}

type operation struct {
	RequestBody struct{ Content map[string]content } `yaml:"requestBody"`
	Responses   map[string]response
}

type response struct {
	Ref     string `yaml:"$ref"`
	Content map[string]content
}

type content struct {
	Schema   schema
	Examples map[string]struct{ Value any }
}

type schema struct {
	AllOf      []schema `yaml:"allOf"`
	Properties map[string]schema
	Enum       []string
	Required   []string
}

func readOpenAPI(t *testing.T) (text string, api openAPI) {
	t.Helper()
	text = readDocument(t, "docs/openapi.yaml")
	if err := yaml.Unmarshal([]byte(text), &api); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(api.OpenAPI, "3.1.") {
		t.Errorf("docs/openapi.yaml is of OpenAPI %q; expected 3.1", api.OpenAPI)
	}
	return text, api
}

// TestOpenAPIRoutes checks that the document has the routes of the server, and no
// others.
func TestOpenAPIRoutes(t *testing.T) {
	_, api := readOpenAPI(t)
	served := make(map[string]bool)
	route := regexp.MustCompile(`HandleFunc\((?:(method)\+)?"([A-Z]*) ?(/[^"]*)"`)
	for _, m := range route.FindAllStringSubmatch(readDocument(t, "server/server.go"), -1) {
		method := strings.ToLower(m[2])
		if m[1] != "" {
			method = "get" // and OPTIONS, of which a description tells
		}
		served[method+" "+m[3]] = true
	}
	documented := make(map[string]bool)
	for path, operations := range api.Paths {
		for method := range operations {
			documented[method+" "+path] = true
		}
	}
	if len(served) < 10 || !maps.Equal(served, documented) {
		t.Errorf("docs/openapi.yaml has the routes\n%v\nthe server has\n%v",
			slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(served)))
	}
}

// TestOpenAPIErrors checks that each error stands under the status that it has, for
// every path that answers with errors, and that problems are those that there are.
func TestOpenAPIErrors(t *testing.T) {
	_, api := readOpenAPI(t)
	want, names := make(map[string]int), []string(nil)
	for _, code := range protocol.Codes() {
		want[code.String()] = code.Status()
		names = append(names, code.String())
	}
	if enum := api.Components.Schemas["ErrorCode"].Enum; !slices.Equal(enum, names) {
		t.Errorf("schema ErrorCode has %q; expected %q", enum, names)
	}
	for _, path := range []string{"/v1/predict", "/v1/feedback"} {
		documented := make(map[string]int)
		for status, r := range api.Paths[path]["post"].Responses {
			if name, isRef := strings.CutPrefix(r.Ref, "#/components/responses/"); isRef {
				r = api.Components.Responses[name]
			}
			for _, part := range r.Content["application/json"].Schema.AllOf {
				for _, code := range part.Properties["code"].Enum {
					documented[code], _ = strconv.Atoi(status)
				}
			}
		}
		if !maps.Equal(documented, want) {
			t.Errorf("%s has the errors\n%v\nexpected\n%v", path, documented, want)
		}
	}
	problems := slices.Sorted(maps.Keys(protocol.ProblemCodes()))
	if enum := api.Components.Schemas["Problem"].Properties["code"].Enum; !slices.Equal(enum, problems) {
		t.Errorf("schema Problem has the codes %q; expected %q", enum, problems)
	}
}

// TestOpenAPISchemas checks that a schema of both documents is the same in both, and
// that every reference leads somewhere.
func TestOpenAPISchemas(t *testing.T) {
	text, api := readOpenAPI(t)
	type document struct {
		Components struct{ Schemas map[string]any }
	}
	var here, there document
	for text, into := range map[string]*document{text: &here, readDocument(t, "docs/asyncapi.yaml"): &there} {
		if err := yaml.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	shared := 0
	for name, one := range here.Components.Schemas {
		other, both := there.Components.Schemas[name]
		if !both {
			continue
		}
		shared++
		if !reflect.DeepEqual(one, other) {
			t.Errorf("schema %s is not the same in docs/openapi.yaml and docs/asyncapi.yaml", name)
		}
	}
	if shared < 15 {
		t.Errorf("only %d schemas are in both documents", shared)
	}
	known := map[string][]string{
		"schemas": slices.Collect(maps.Keys(api.Components.Schemas)), "responses": slices.Collect(maps.Keys(api.Components.Responses)),
		"parameters": slices.Collect(maps.Keys(api.Components.Parameters)), "headers": slices.Collect(maps.Keys(api.Components.Headers)),
	}
	for _, ref := range submatches(text, `\$ref: '([^']*)'`) {
		kind, name, _ := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
		if !slices.Contains(known[kind], name) {
			t.Errorf("%s leads nowhere", ref)
		}
	}
}

// TestOpenAPIFields checks that the schemas of answers have the fields of the types
// that the server answers with, all of which it always sends.
func TestOpenAPIFields(t *testing.T) {
	_, api := readOpenAPI(t)
	for name, at := range map[string][2]string{
		"Model": {"server/api.go", "apiModel"}, "Golden": {"server/api.go", "apiGolden"},
		"ModelQuality": {"server/quality.go", "apiQuality"}, "CalibrationBin": {"server/quality.go", "apiCalibration"},
		"LabelQuality": {"server/quality.go", "apiLabel"}, "ValueQuality": {"server/quality.go", "apiValue"},
		"LabelDelay": {"server/quality.go", "apiLabelDelay"},
		"Calibrator": {"server/learned.go", "apiCalibrator"}, "SetQuality": {"server/learned.go", "apiSets"},
		"Drift": {"server/learned.go", "apiDrift"}, "FeatureDrift": {"server/learned.go", "apiDriftFeature"},
		"AccuracyEstimate": {"server/learned.go", "apiEstimate"}, "QualityStore": {"server/learned.go", "apiStore"},
		"QualityOverTime": {"server/history.go", "apiOverTime"}, "QualityFigures": {"server/history.go", "apiFigures"},
		"ClassQuality": {"server/history.go", "apiScore"}, "QualityEvent": {"server/history.go", "apiEvent"},
		"WorstExample": {"server/examples.go", "apiExample"},
	} {
		_, declared, _ := strings.Cut(readDocument(t, at[0]), "\ntype "+at[1]+" struct {\n")
		declared, _, _ = strings.Cut(declared, "\n}")
		fields := submatches(declared, `json:"(\w+)"`)
		documented := slices.Sorted(maps.Keys(api.Components.Schemas[name].Properties))
		required := slices.Sorted(slices.Values(api.Components.Schemas[name].Required))
		slices.Sort(fields)
		if len(fields) == 0 || !slices.Equal(documented, fields) || !slices.Equal(required, fields) {
			t.Errorf("schema %s has the fields %q and requires %q; %s has %q", name, documented, required, at[1], fields)
		}
	}
	for name, message := range map[string]any{"Output": protocol.Output{}, "Column": protocol.Column{}} {
		documented := slices.Sorted(maps.Keys(api.Components.Schemas[name].Properties))
		fields := jsonFields(reflect.TypeOf(message))
		slices.Sort(fields)
		if !slices.Equal(documented, fields) {
			t.Errorf("schema %s has the fields %q; the message has %q", name, documented, fields)
		}
	}
}

// TestOpenAPIExamples reads the examples of bodies as the server does, and those of
// answers as a client does.
func TestOpenAPIExamples(t *testing.T) {
	_, api := readOpenAPI(t)
	for path, kind := range map[string]protocol.Kind{"/v1/predict": protocol.KindPredict, "/v1/feedback": protocol.KindFeedback} {
		post := api.Paths[path]["post"]
		bodies, answers := post.RequestBody.Content["application/json"].Examples, post.Responses["200"].Content["application/json"].Examples
		if len(bodies) == 0 || len(answers) == 0 {
			t.Errorf("%s has %d examples of bodies and %d of answers", path, len(bodies), len(answers))
		}
		decoder := protocol.Decoder{MaxRows: 1024, Default: kind}
		for name, example := range bodies {
			var ask protocol.Ask
			if err := decoder.Decode(encoded(t, example.Value), &ask); err != nil || ask.Kind != kind {
				t.Errorf("%s, body %q is read as %s: %v", path, name, ask.Kind, err)
			}
		}
		for name, example := range answers {
			known := json.NewDecoder(bytes.NewReader(encoded(t, example.Value)))
			known.DisallowUnknownFields()
			if err := known.Decode(new(protocol.Reply)); err != nil {
				t.Errorf("%s, answer %q: %v", path, name, err)
			}
		}
	}
}

func encoded(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
