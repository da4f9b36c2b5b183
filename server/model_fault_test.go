package server_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"penstock/inference"
	"penstock/model/modeltest"
)

// TestModelFaults: a poisoned row fails alone; its mates in the batch, of other
// clients and of its own, are answered as if it had not been there.
func TestModelFaults(t *testing.T) {
	fates := map[uint32]modeltest.Fate{
		500: {Panic: "poison"}, 501: {Err: errors.New("poison")}, 502: {NaN: true},
	}
	for nonce := range fates {
		t.Run(fmt.Sprintf("%+v", fates[nonce]), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held := make(chan struct{})
				o := &modeltest.Oracle{Features: 3, Classes: 10, OnRow: func(nonce uint32) modeltest.Fate {
					if nonce == 1000 {
						return modeltest.Fate{Wait: held}
					}
					return fates[nonce]
				}}
				r := start(t, setup{oracle: o, inMemory: true, pool: inference.Options{Workers: 1}})
				healthy, victim := r.connect("/ws/predict"), r.connect("/ws/predict")
				healthy.send(r.request("0", 1000)) // holds the worker until the batch has gathered
				synctest.Wait()
				healthy.send(r.request("1", 11))
				victim.send(r.request("2", 12))
				victim.send(r.request(`"poison"`, nonce))
				victim.send(r.request("3", 13))
				healthy.send(r.request("4", 14))
				synctest.Wait()
				close(held)
				healthy.expect(r.prediction("0", 1000))
				healthy.expect(r.prediction("1", 11))
				healthy.expect(r.prediction("4", 14))
				victim.expect(r.prediction("2", 12))
				victim.expect(typedError(`"poison"`, "model_error"))
				victim.expect(r.prediction("3", 13))
				victim.ask(r.request("5", 15), r.prediction("5", 15))
				synctest.Wait() // a reply may be read a moment before it is counted
				if l := r.Traffic(); l.Errors != 1 || l.Predicted != 6 {
					t.Errorf("ledger %+v; want 1 error and 6 predictions", l)
				}
				if panics := r.pools[0].Stats().Panics; (panics > 0) != (fates[nonce].Panic != nil) {
					t.Errorf("%d panics were counted", panics)
				}
				healthy.leave()
				victim.leave()
			})
		})
	}
}
