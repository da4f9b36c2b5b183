package weights

import "encoding/json"

// readAccuracy reads what was measured before the model was bundled: the share of
// rows whose first output was right, of labels all of them. Of numbers there is no
// such share that means the same for every unit.
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
	if kind := m.about.Spec.First().Kind; !isRightOrWrong(kind) {
		return wrong("accuracy", "is %v; %s has none: leave it out", accuracy, called(kind))
	}
	m.accuracy = &accuracy
	return nil
}
