// Naive is the handler that one writes first: encoding/json in and out, gonum
// for the layers, one message at a time, no batching.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"math"
	"net/http"

	"github.com/coder/websocket"
	"gonum.org/v1/gonum/mat"
)

func main() {
	address := flag.String("listen", "127.0.0.1:9003", "address")
	bundle := flag.String("bundle", "", "folder with the network")
	flag.Parse()
	layers, err := readLayers(*bundle)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(*address, handler(layers)))
}

type request struct {
	Features  []float64       `json:"features"`
	RequestID json.RawMessage `json:"request_id"`
}

type reply struct {
	Type       string          `json:"type"`
	RequestID  json.RawMessage `json:"request_id"`
	Prediction int             `json:"prediction"`
	Confidence float64         `json:"confidence"`
}

func handler(layers []layer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20)
		for {
			kind, message, err := c.Read(context.Background())
			if err != nil {
				return
			}
			var q request
			if json.Unmarshal(message, &q) != nil {
				return
			}
			class, confidence := predict(layers, q.Features)
			answer, _ := json.Marshal(reply{"prediction", q.RequestID, class, confidence})
			if c.Write(context.Background(), kind, answer) != nil {
				return
			}
		}
	})
}

func predict(layers []layer, features []float64) (class int, confidence float64) {
	v := mat.NewVecDense(len(features), features)
	for i, l := range layers {
		next := mat.NewVecDense(l.bias.Len(), nil)
		next.MulVec(l.weight, v)
		next.AddVec(next, l.bias)
		if i < len(layers)-1 {
			for j := range next.Len() {
				next.SetVec(j, max(next.AtVec(j), 0))
			}
		}
		v = next
	}
	var sum float64
	for j := range v.Len() {
		if v.AtVec(j) > v.AtVec(class) {
			class = j
		}
	}
	for j := range v.Len() {
		sum += math.Exp(v.AtVec(j) - v.AtVec(class))
	}
	return class, 1 / sum
}
