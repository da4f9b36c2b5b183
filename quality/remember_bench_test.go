package quality_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"penstock/quality"
)

// One row per request, ids never repeated, the store full: the steady state of
// a busy server.
func BenchmarkRemember(b *testing.B) {
	for _, rows := range []int{1, 16} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			store := full(b)
			p := prediction(store, rows)
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				binary.LittleEndian.PutUint64(p.ID, i)
				store.Remember(p)
			}
		})
	}
}

// Three labels a row, each with its probability.
func BenchmarkRememberLabels(b *testing.B) {
	store := newStore(b, topics)
	p := prediction(store, 1)
	p.Rows, p.Values, p.Confidences = 1, make([]float32, 3), make([]float32, 3)
	for i := range uint64(quality.DefaultRemember / 3) {
		binary.LittleEndian.PutUint64(p.ID, i)
		store.Remember(p)
	}
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		binary.LittleEndian.PutUint64(p.ID, i)
		store.Remember(p)
	}
}

// As many sessions take turns, so that each has the same number of rows.
func BenchmarkRememberFromManyScopes(b *testing.B) {
	store := newStore(b, digits)
	scopes := make([]quality.Prediction, 10_000)
	for i := range scopes {
		scopes[i] = prediction(store, 1)
	}
	next := uint64(0)
	remember := func() {
		p := &scopes[next%uint64(len(scopes))]
		next++
		binary.LittleEndian.PutUint64(p.ID, next)
		store.Remember(*p)
	}
	for range quality.DefaultRemember {
		remember()
	}
	b.ReportAllocs()
	for b.Loop() {
		remember()
	}
}

func BenchmarkRememberFromAllWorkers(b *testing.B) {
	store := full(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		p := prediction(store, 1)
		for i := uint64(0); pb.Next(); i++ {
			binary.LittleEndian.PutUint64(p.ID, i)
			store.Remember(p)
		}
	})
}

// From an empty store to the default bound: the price of growing lazily.
func BenchmarkGrow(b *testing.B) {
	var worst time.Duration
	for b.Loop() {
		store := newStore(b, digits)
		p := prediction(store, 1)
		for i := range uint64(quality.DefaultRemember) {
			binary.LittleEndian.PutUint64(p.ID, i)
			start := time.Now()
			store.Remember(p)
			worst = max(worst, time.Since(start))
		}
	}
	b.ReportMetric(float64(worst.Microseconds()), "worst-µs")
}

func BenchmarkLabel(b *testing.B) {
	store := full(b)
	p := prediction(store, 1)
	label := []quality.Label{{Number: 3}}
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		binary.LittleEndian.PutUint64(p.ID, i)
		store.Remember(p)
		if _, err := store.Label(p.Scope, p.ID, label, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func full(b *testing.B) *testStore {
	store := newStore(b, digits)
	p := prediction(store, 1)
	for i := range uint64(quality.DefaultRemember) {
		binary.LittleEndian.PutUint64(p.ID, i)
		store.Remember(p)
	}
	return store
}

func prediction(store *testStore, rows int) quality.Prediction {
	p := quality.Prediction{
		Scope:       store.Scope("", "#1"),
		ID:          make([]byte, 8),
		Values:      make([]float32, rows),
		Confidences: make([]float32, rows),
		At:          time.Now(),
	}
	for i := range p.Values {
		p.Values[i], p.Confidences[i] = float32(i%10), 0.9
	}
	return p
}
