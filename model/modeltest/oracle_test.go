package modeltest_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"penstock/model"
	"penstock/model/modeltest"
)

// oracleRows feeds the conformance suite with rows that the oracle accepts.
func oracleRows(o *modeltest.Oracle) func(int, uint64) []float32 {
	return func(rows int, seed uint64) (all []float32) {
		for r := range rows {
			all = append(all, o.Row(uint32(seed)*1000+uint32(r))...)
		}
		return all
	}
}

func TestOracleConforms(t *testing.T) {
	cases := []struct {
		name              string
		features, classes int
	}{{"regression", 3, 0}, {"classification", 1, 10}}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := &modeltest.Oracle{Features: c.features, Classes: c.classes}
			modeltest.Run(t, modeltest.Engine{
				Open: func(testing.TB) model.Model { return o },
				Rows: oracleRows(o), AllocationFree: true,
			})
		})
	}
}

func TestOracleFates(t *testing.T) {
	failed := errors.New("told to fail")
	freed := make(chan struct{})
	close(freed)
	o := &modeltest.Oracle{Features: 2, OnRow: func(nonce uint32) modeltest.Fate {
		return map[uint32]modeltest.Fate{
			1: {Err: failed}, 2: {Panic: "told to panic"}, 3: {NaN: true}, 4: {Wait: freed},
		}[nonce]
	}}
	s, err := o.NewSession(2)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(nonces ...uint32) (scores []float32, err error) {
		var rows []float32
		for _, nonce := range nonces {
			rows = append(rows, o.Row(nonce)...)
		}
		scores = make([]float32, len(nonces))
		return scores, s.Predict(scores, rows, len(nonces))
	}

	if _, err := ask(7, 1); !errors.Is(err, failed) {
		t.Errorf("nonce 1: error %v; want %v", err, failed)
	}
	if got, err := ask(3, 7); err != nil || !math.IsNaN(float64(got[0])) || got[1] != o.Want(7)[0] {
		t.Errorf("nonces 3 and 7: %v, %v; want NaN and %v", got, err, o.Want(7))
	}
	if got, err := ask(4); err != nil || !slices.Equal(got, o.Want(4)) {
		t.Errorf("nonce 4: %v, %v; want %v", got, err, o.Want(4))
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nonce 2 did not panic")
			}
		}()
		_, _ = ask(2)
	}()
	torn := []float32{o.Row(8)[0], o.Row(9)[1]}
	if err := s.Predict(make([]float32, 1), torn, 1); err == nil || !strings.Contains(err.Error(), "torn") {
		t.Errorf("a torn row: error %v; want one that says so", err)
	}

	if err := o.Close(); err == nil {
		t.Error("Close with an open session succeeded")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

func TestOracleScoresAreDistinct(t *testing.T) {
	o := &modeltest.Oracle{Features: 1}
	seen := make(map[float32]uint32)
	for nonce := range uint32(100_000) {
		score := o.Want(nonce)[0]
		if other, ok := seen[score]; ok {
			t.Fatalf("nonces %d and %d share the score %v", other, nonce, score)
		}
		seen[score] = nonce
	}
}
