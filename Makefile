# What people and .ci/run call. Needs Swift 6.1 or newer; scripts/setup.sh sees to the rest.

# For all builds and tests, as in: make test SWIFT_FLAGS=--verbose
SWIFT_FLAGS ?=
# What the tests are built with beside that: no warning, no import that Package.swift does not declare.
CHECKS ?= -Xswiftc -warnings-as-errors --explicit-target-dependency-import-check error
# Optimised, and on Linux with Swift's libraries inside, so that it runs where Swift is not installed, and without a table of
# its functions for others to call, which nobody does: 2.7 MB of memory less.
RELEASE = -c release $(if $(filter Linux,$(shell uname)),--static-swift-stdlib -Xlinker --no-export-dynamic)
# For the demonstration, as in: make demo DEMO_ARGS=--help
DEMO_ARGS ?=

.PHONY: build test gate example demo bench bench-ledger soak setup

# The program, optimised, in .build/release/router-cli.
build: setup
	swift build $(RELEASE) --product router-cli $(SWIFT_FLAGS)

test: setup
	swift build --build-tests $(CHECKS) $(SWIFT_FLAGS)
	scripts/test.sh $(CHECKS) $(SWIFT_FLAGS)

# The optimised program, between a pool and miners for some seconds, asks for no more memory than the ceilings say.
gate: build
	swift build $(RELEASE) --product relay-benchmark $(SWIFT_FLAGS)
	swift build $(RELEASE) --product AllocationCounter $(SWIFT_FLAGS)
	.build/release/relay-benchmark --ceilings Benchmarks/allocation-ceilings .build/release/router-cli 1

# The package of docs/adding-a-protocol.md. It is built beside our own products, with the same flags, so that only what is
# its own has to be compiled.
EXAMPLE = --package-path examples/adding-a-protocol --scratch-path .build --skip-update
example: setup
	if [ -e Package.resolved ]; then cp Package.resolved examples/adding-a-protocol/; fi
	swift build $(EXAMPLE) --build-tests $(CHECKS) $(SWIFT_FLAGS)
	swift test $(EXAMPLE) --skip-build $(CHECKS) $(SWIFT_FLAGS)

# Pools and miners that are built in: needs no configuration and no internet.
demo: build
	.build/release/router-cli demo $(DEMO_ARGS)

# The figures of docs/performance.md, which are written into it: ten minutes.
bench:
	@scripts/setup.sh bench
	@SWIFT_FLAGS="$(RELEASE) $(SWIFT_FLAGS)" scripts/bench.sh

# A large ledger: some minutes, 1 GB of disk.
bench-ledger: setup
	@SWIFT_FLAGS="$(RELEASE) $(SWIFT_FLAGS)" scripts/bench.sh ledger

# Miners that come and go while pools fail and return, for ten minutes or as many seconds as SOAK_SECONDS says.
soak: setup
	@SWIFT_FLAGS="$(RELEASE) $(SWIFT_FLAGS)" scripts/bench.sh soak

setup:
	@scripts/setup.sh
