// Package outside lets other people's programs at the program as it is shipped:
// nginx, haproxy and Caddy stand in front of it with the configurations of deploy/,
// slowhttptest attacks it, and systemd reads its unit. What must hold is that clients
// behind a proxy are served as if there were none, and that what proxies log holds no
// token.
//
// It has no code but its tests, which run with PENSTOCK_OUTSIDE=required only: they
// take a minute, and programs that ci/install.sh brings.
package outside
