package weights

import (
	"encoding/json"

	"penstock/model"
)

// readAccuracy reads what was measured of a classification before it was bundled.
// Of a regression there is no such number that means the same for every unit.
func (m *manifest) readAccuracy(data json.RawMessage) error {
	if data == nil {
		return nil
	}
	var accuracy float64
	if err := decode("accuracy", data, &accuracy); err != nil {
		return err
	}
	if !(accuracy >= 0 && accuracy <= 1) {
		return wrong("accuracy", "is %v; expected a share of the right answers, 0 to 1", accuracy)
	}
	if m.about.Spec.First().Kind == model.Values {
		return wrong("accuracy", "is %v; a regression has none: leave it out", accuracy)
	}
	m.accuracy = &accuracy
	return nil
}
