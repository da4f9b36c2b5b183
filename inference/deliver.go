package inference

// deliver hands over replies and counts them. A sink that ends the goroutine ends it
// after that.
func (p *Pool) deliver(replies []*Request, touched *[]*Stream, leader *Stream) {
	if len(replies) == 0 {
		return
	}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.delivered(len(replies))
	}()
	p.handOver(replies, touched, leader)
}

// delivered counts what the sinks have. The caller holds p.mu.
func (p *Pool) delivered(replies int) {
	p.undelivered -= replies
	p.tellDrain()
}

// handOver calls the sinks: one Reply per request, then a Flush per stream that
// had any, but for the leader's. It holds no lock meanwhile. touched is scratch, empty
// before and after.
func (p *Pool) handOver(replies []*Request, touched *[]*Stream, leader *Stream) {
	defer p.flushAll(touched)
	p.replyAll(replies, p.deliveries.Add(1), touched, leader)
}

// replyAll replies to all, also to those behind one whose sink ends the goroutine.
func (p *Pool) replyAll(replies []*Request, id uint64, touched *[]*Stream, leader *Stream) {
	next := 0
	defer func() {
		if next < len(replies) {
			p.replyAll(replies[next:], id, touched, leader)
		}
	}()
	for next < len(replies) {
		r := replies[next]
		next++
		s := r.stream
		if s != leader && s.touched.Swap(id) != id {
			*touched = append(*touched, s)
		}
		p.reply(s, r) // r is its owner's again
	}
}

// flushAll flushes all, as replyAll replies, and takes them out of streams.
func (p *Pool) flushAll(streams *[]*Stream) {
	if len(*streams) == 0 {
		return
	}
	defer p.flushAll(streams) // what is left
	for last := len(*streams) - 1; last >= 0; last-- {
		s := (*streams)[last]
		(*streams)[last] = nil
		*streams = (*streams)[:last]
		p.flush(s)
	}
}

// reply and flush call a sink. What panics in it is its own loss: the others of
// the batch get their replies, and the worker goes on.
func (p *Pool) reply(s *Stream, r *Request) {
	returned := false
	defer p.containSink(&returned)
	s.sink.Reply(r)
	returned = true
}

func (p *Pool) flush(s *Stream) {
	returned := false
	defer p.containSink(&returned)
	s.sink.Flush()
	returned = true
}

// containSink counts a call of a sink that did not return, and tells what it panicked
// with; nothing holds up one that ends the goroutine.
func (p *Pool) containSink(returned *bool) {
	if *returned {
		return
	}
	p.sinkPanics.Add(1)
	if v := recover(); v != nil {
		defer func() { _ = recover() }() // of Panicked: it was told of one already
		p.opt.Panicked(v)
	}
}
