package torch

import (
	"testing"

	"go.uber.org/goleak"

	"penstock/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// classifier and regression describe models of so many features.
func classifier(features int) model.Spec {
	return model.Spec{Name: "test", Version: "1", Features: features, Outputs: model.OneOf("a", "b", "c")}
}

func regression(features int) model.Spec {
	return model.Spec{Name: "test", Version: "1", Features: features, Outputs: model.OneValue()}
}

func vector(features int) model.Spec {
	return model.Spec{Name: "test", Version: "1", Features: features,
		Outputs: []model.Output{{Name: "embedding", Kind: model.Vector, Width: 3}}}
}
