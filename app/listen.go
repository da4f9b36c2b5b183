package app

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/server/accept"
)

// plainPerAddress is how many connections a caller may have besides its
// WebSockets: browsers keep six.
const plainPerAddress = 8

// listen opens the listeners and puts limits before them.
func (a *App) listen() (err error) {
	if asked := a.options.MaxConnections; a.plan.WebSockets < asked {
		a.logger.Warn("the limit of open files is too low for --max-connections; fewer WebSockets are taken",
			"open_files", a.plan.Files, "max_connections", asked, "now", a.plan.WebSockets, "needed", a.plan.Needed,
			"advice", "raise the limit (ulimit -n), or lower --max-connections")
	}
	if a.public, err = a.listener("--listen", a.options.Listen, accept.Options{
		Name: "public", TLS: a.doors.tls(true), Places: a.plan.Places, PerAddress: a.options.perAddress(a.plan) + plainPerAddress, Proxies: a.options.proxies(),
	}); err != nil || a.options.AdminListen == "" {
		return err
	}
	a.admin, err = a.listener("--admin-listen", a.options.AdminListen, accept.Options{
		Name: "admin", TLS: a.doors.tls(a.options.adminTLS()), Places: accept.AdminPlaces, PerAddress: accept.AdminPlaces / 2,
	})
	return err
}

func (a *App) listener(flag, address string, opt accept.Options) (*accept.Listener, error) {
	l, err := accept.Listen(address)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w; %s", flag, address, err, listenAdvice(err))
	}
	opt.Log, opt.Registerer = a.server.QuietLog(), prometheus.Registerer(a.registry)
	limited, err := accept.New(l, opt)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return limited, nil
}

// listenAdvice says what to do when an address cannot be listened on.
func listenAdvice(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "end the program that listens there, or choose another port, or port 0 for any that is free"
	case errors.Is(err, syscall.EACCES):
		return "choose a port from 1024 on, or give the program the right to the lower ones"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "choose an address that this machine has, or 0.0.0.0 for all of them"
	}
	return "expected host:port, such as 127.0.0.1:8080"
}
