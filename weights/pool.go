package weights

import "encoding/json"

// Pool is what a manifest wishes for the pool that runs its model, for whoever
// makes one; zero is no wish.
type Pool struct {
	Workers   int // batches that run at the same time, 1 to 4096
	MaxBatch  int // rows of one, 1 to 65536
	QueueRows int // rows that may wait, 1 to 2³⁰
}

func (m *manifest) readPool(data json.RawMessage) error {
	if data == nil {
		return nil
	}
	o := ReadObject("pool", data)
	for _, v := range []struct {
		key  string
		into *int
		most int
	}{
		{"workers", &m.pool.Workers, 4096},
		{"max_batch", &m.pool.MaxBatch, 65536},
		{"queue_rows", &m.pool.QueueRows, 1 << 30},
	} {
		if o.Optional(v.key, v.into) && (*v.into < 1 || *v.into > v.most) {
			o.Refuse(v.key, "is %d; expected 1 to %d, or no such field", *v.into, v.most)
		}
	}
	return o.Done()
}
