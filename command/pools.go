package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"penstock/app"
)

// poolKeys are what --pool sets, by the names of the general flags.
var poolKeys = []string{"workers", "max-batch", "queue-rows"}

// parsePools reads the values of --pool. A model may have several, as long as
// they set different numbers: in a variable, where a comma separates values,
// that spares the backslash before those within one.
func parsePools(values []string) (map[string]app.PoolOptions, error) {
	if len(values) == 0 {
		return nil, nil //nolint:nilnil // no model has numbers of its own
	}
	pools := map[string]app.PoolOptions{}
	for _, value := range values {
		colon := strings.LastIndexByte(value, ':') // none is in a key or a number
		if colon <= 0 {
			return nil, fmt.Errorf(`--pool %q: expected the name of a model and its numbers, such as digits:workers=2,max-batch=32; in a variable, begin each number with the name, or write \, for a comma within`, brief(value))
		}
		name := value[:colon]
		pool := pools[name]
		for pair := range strings.SplitSeq(value[colon+1:], ",") {
			if err := setPool(&pool, strings.TrimSpace(pair)); err != nil {
				return nil, fmt.Errorf("--pool %s:%w", name, err)
			}
		}
		pools[name] = pool
	}
	return pools, nil
}

// setPool sets one number, KEY=N.
func setPool(pool *app.PoolOptions, pair string) error {
	key, text, _ := strings.Cut(pair, "=")
	if !slices.Contains(poolKeys, key) {
		return fmt.Errorf("%s: expected %s; %s", brief(pair), strings.Join(poolKeys, ", "), nearestTo(key, poolKeys))
	}
	number := map[string]*int{"workers": &pool.Workers, "max-batch": &pool.MaxBatch, "queue-rows": &pool.QueueRows}[key]
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 1:
		return fmt.Errorf("%s: expected a whole number from 1 on", brief(pair))
	case *number != 0:
		return fmt.Errorf("%s: %s stands twice for this model", pair, key)
	}
	*number = n
	return nil
}
