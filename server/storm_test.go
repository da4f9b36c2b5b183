package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"penstock/inference"
	"penstock/model/modeltest"
)

// TestEveryRequestHasOneAnswer at every size of batch, under cancels,
// deadlines, sheds and rows that fail: the right prediction or a typed error,
// and never two.
func TestEveryRequestHasOneAnswer(t *testing.T) {
	const peers, requests = 12, 400
	for _, maxBatch := range []int{1, 7, 64} {
		t.Run(fmt.Sprintf("batches of %d", maxBatch), func(t *testing.T) {
			o := &modeltest.Oracle{Features: 3, Classes: 10, OnRow: func(nonce uint32) modeltest.Fate {
				switch nonce % 97 {
				case 13:
					return modeltest.Fate{Panic: "poison"}
				case 14:
					return modeltest.Fate{NaN: true}
				case 15:
					return modeltest.Fate{Err: errors.New("poison")}
				}
				return modeltest.Fate{}
			}}
			r := start(t, setup{oracle: o, pool: inference.Options{Workers: 3, MaxBatch: maxBatch, Window: 24, QueueRows: 64}})
			var storm sync.WaitGroup
			for n := range peers {
				p := r.connect("/ws/predict")
				storm.Go(func() { p.storm(r, rand.New(rand.NewPCG(7, uint64(n))), requests) })
			}
			storm.Wait()
			r.mustBalance()
			if l := r.Traffic(); l.Received != peers*requests || l.Predicted == 0 || l.Errors == 0 {
				t.Errorf("ledger %+v; want %d received, with predictions and errors", l, peers*requests)
			}
		})
	}
}

// storm sends requests of one to three rows, some of which it cancels at once
// or gives a short deadline, and checks that each has one answer.
func (p *peer) storm(r *rig, random *rand.Rand, requests int) {
	first := make([]uint32, requests)
	cancels := 0
	var messages []string
	for id := range requests {
		nonce, rows := random.Uint32N(1<<20), 1+random.IntN(3)
		first[id] = nonce
		features := make([]uint32, rows)
		for i := range features {
			features[i] = nonce + uint32(i)
		}
		deadline := ""
		if random.IntN(4) == 0 {
			deadline = fmt.Sprintf(`,"deadline_ms":0.0%d`, 1+random.IntN(9))
		}
		messages = append(messages, fmt.Sprintf(`{"features":%s,"request_id":%d%s}`, r.rows(features...), id, deadline))
		if random.IntN(4) == 0 {
			messages = append(messages, fmt.Sprintf(`{"type":"cancel","request_id":%d}`, id))
			cancels++
		}
	}
	// A last message, whose answer comes when all before it were read.
	messages = append(messages, "ping")
	go func() {
		for _, m := range messages {
			if p.ws.Write(context.Background(), websocket.MessageText, []byte(m)) != nil {
				return // the reader below fails too
			}
		}
	}()
	answers, ponged := make([]int, requests), false
	for left := requests; left > 0 || !ponged; {
		text, err := p.read()
		if err != nil {
			p.t.Errorf("with %d answers missing: %v", left, err)
			return
		}
		if text == "pong" {
			ponged = true
			continue
		}
		var reply struct {
			RequestID  int `json:"request_id"`
			Code       string
			Prediction []string
		}
		if err := json.Unmarshal([]byte(text), &reply); err != nil {
			p.t.Errorf("%s: %v", text, err)
			return
		}
		if reply.Code == "unknown_request" {
			cancels-- // this cancel came too late
			continue
		}
		if reply.Code == "cancelled" {
			cancels--
		}
		left--
		if answers[reply.RequestID]++; answers[reply.RequestID] != 1 {
			p.t.Errorf("request %d was answered again: %s", reply.RequestID, text)
		}
		for i, class := range reply.Prediction {
			if want := r.class(first[reply.RequestID] + uint32(i)); `"`+class+`"` != want {
				p.t.Errorf("row %d of request %d is of class %s; want %s", i, reply.RequestID, class, want)
			}
		}
	}
	if cancels < 0 {
		p.t.Errorf("%d cancels were answered that were not sent", -cancels)
	}
}
