package inference

// Latencies adds the latencies of all predictions since the pool was made.
func (p *Pool) Latencies(into *Latencies) {
	p.mu.Lock()
	defer p.mu.Unlock()
	into.Merge(p.latencies.taken)
	into.Merge(p.latencies.interval)
}
