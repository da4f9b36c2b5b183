package client

import (
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"penstock/protocol"
)

func TestNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []Notification
		var notices []string
		newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			c.send(`{"type":"notice","code":"notification","message":"deploy at five","data":{"build":7},"time":"2026-11-26T20:00:00.5Z","from":"bob","group":"ops"}`)
			c.send(`{"type":"notice","code":"notification","message":"hello","data":null,"time":"yesterday","from":"bob","newer":1}`)
			c.send(`{"type":"notice","code":"weather","message":"rain"}`)
			c.send(`{"type":"notice","code":"notification","message":"odd","from":5}`)
			c.each(c.answer)
		}).client(Options{OnNotification: func(n Notification) { got = append(got, n) },
			OnNotice: func(n protocol.Notice) { notices = append(notices, n.Code) }})
		synctest.Wait()
		if len(got) != 3 {
			t.Fatalf("got %+v", got)
		}
		first, second := got[0], got[1]
		if first.Message != "deploy at five" || string(first.Data) != `{"build":7}` || first.From != "bob" || first.Group != "ops" ||
			!first.Time.Equal(time.Date(2026, 11, 26, 20, 0, 0, 5e8, time.UTC)) || first.Missed != 0 {
			t.Errorf("got %+v", first)
		}
		if second.Message != "hello" || second.Group != "" || !second.Time.IsZero() {
			t.Errorf("got %+v", second)
		}
		if odd := got[2]; odd.Message != "odd" || odd.From != "" { // of which no more can be read
			t.Errorf("got %+v", odd)
		}
		if !slices.Equal(notices, []string{"weather"}) {
			t.Errorf("notices %v", notices)
		}
	})
}

func TestNotificationsAreNoticesWhereNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notices := make(chan protocol.Notice, 1)
		newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			c.send(`{"type":"notice","code":"notification","message":"hello","from":"bob"}`)
			c.each(c.answer)
		}).client(Options{OnNotice: func(n protocol.Notice) { notices <- n }})
		if n := <-notices; n.Code != "notification" || n.Message != "hello" {
			t.Errorf("got %+v", n)
		}
	})
}

// Who is slow to listen misses the oldest and is told how many. Replies do not wait.
func TestASlowListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		var got []int
		var missed []int
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			for i := range 200 {
				c.send(`{"type":"notice","code":"notification","message":"%d","from":"bob"}`, i)
				if i == 0 {
					time.Sleep(time.Second)
				}
			}
			c.each(c.answer)
		}).client(Options{OnNotification: func(n Notification) {
			<-free
			i, _ := strconv.Atoi(n.Message)
			got, missed = append(got, i), append(missed, n.Missed)
		}})
		if _, err := c.Predict(t.Context(), []float32{1}); err != nil {
			t.Error(err)
		}
		close(free)
		synctest.Wait()
		want := []int{0}
		for i := 200 - inboxSize; i < 200; i++ {
			want = append(want, i)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
		if missed[1] != 199-inboxSize || slices.Max(missed[2:]) != 0 || missed[0] != 0 {
			t.Errorf("missed %v", missed)
		}
	})
}

// What came before the end is still told after a refusal, and no more after Close.
func TestNotificationsAndTheEnd(t *testing.T) {
	for _, closed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			got := 0
			c := newFakeServer(t, func(c *fakeConn) {
				c.greet(8)
				for range 5 {
					c.send(`{"type":"notice","code":"notification","message":"hello","from":"bob"}`)
				}
				if !closed {
					_ = c.ws.Close(1008, "revoked")
				}
				c.each(c.answer)
			}).client(Options{OnNotification: func(Notification) { time.Sleep(time.Second); got++ }})
			want := 5
			if closed {
				time.Sleep(1500 * time.Millisecond)
				_ = c.Close()
				want = 2 // Close waits for the one that is being told
			}
			<-c.done
			if got != want {
				t.Errorf("closed %v: told of %d; want %d", closed, got, want)
			}
		})
	}
}

func TestADashboardIsNotified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeServer(t, func(c *fakeConn) {
			c.send(`{"type":"history","points":[]}`)
			c.send(`{"type":"notice","code":"token_expiring","message":"there is none"}`)
			c.send(`{"type":"auth_ok","user":"ann"}`)
			c.send(`{"type":"error","request_id":null,"code":"forbidden","message":"to nobody"}`)
			c.send(`{"type":"notice","code":"notification","message":"hello","data":[1],"time":"2026-11-26T20:00:00Z","from":"bob"}`)
			c.each(c.answer)
		}).dashboard(Options{})
		for frame, err := range d.Frames(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if n := frame.Notification; n != nil {
				if n.Message != "hello" || string(n.Data) != "[1]" || n.From != "bob" || n.Time.IsZero() {
					t.Errorf("got %+v", n)
				}
				break
			}
			if frame.History == nil {
				t.Errorf("got %+v", frame)
			}
		}
	})
}
