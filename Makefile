# The commands that people run are the commands that CI runs.
# What takes more than three lines is a script in ci/.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X main.version=$(VERSION)
FUZZ_SECONDS ?= 10

export VERSION LDFLAGS FUZZ_SECONDS
# The Node.js and npm that ci/install.sh brings, once it did: Debian 12's own are
# too old for what the checks use.
export PATH := $(CURDIR)/ci/node/node_modules/.bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help build torch torch-test js python page bench-rivals test unit install lint fuzz bench weights cross docs-check generate stale clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## one static binary: ./penstock
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o penstock .

torch: ## ./penstock with the engine torchscript: installs libtorch, or takes LIBTORCH=folder
	ci/torch.sh build

test: install lint docs-check stale build cross unit js python page fuzz torch-test ## everything that CI checks, after installing what it needs

torch-test: ## the engine torchscript, where libtorch is or can be installed
	ci/torch.sh test

js: ## the TypeScript client: types, tests against the server, build
	client/js/ci.sh

python: ## the Python package: types, tests against the server and the libraries
	client/python/ci.sh

page: ## the dashboard: built again and compared, unit tests, a browser against the server
	dashboard/ci.sh
	dashboard/e2e/run.sh

unit: ## the Go tests alone, with the race detector and without
	ci/test.sh

install: ## what the checks need: Debian packages (when root), npm packages, Go tools
	ci/install.sh

lint: ## gofmt, go vet, golangci-lint, shellcheck, known vulnerabilities
	ci/lint.sh

fuzz: ## every fuzz target for FUZZ_SECONDS each (10)
	ci/fuzz.sh

bench: ## Go benchmarks; compare two runs with benchstat
	go test -run '^$$' -bench . -benchmem ./... ./client/... ./protocol/...

bench-rivals: ## measure beside other servers; writes docs/benchmarks.md
	bench/rivals/run.sh

weights: ## train the default bundle again (minutes; needs PyTorch)
	weights/recipe/run.sh

cross: ## compile for the other platforms, without cgo
	ci/cross.sh

docs-check: ## AsyncAPI document, Dockerfile, links between documents
	ci/docs-check.sh

generate: ## write generated files again
	go generate ./... ./client/... ./protocol/...

stale: ## fail when a generated file is not what its generator writes
	ci/stale.sh

clean: ## remove what was built
	rm -rf penstock bin dist .tools
