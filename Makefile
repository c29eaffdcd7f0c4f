# What people and .ci/run call. Needs Swift 6.1 or newer; scripts/setup.sh sees to the rest.

# For all builds and tests, as in: make test SWIFT_FLAGS=--verbose
SWIFT_FLAGS ?=
# What the tests are built with beside that: no warning, no import that Package.swift does not declare.
CHECKS ?= -Xswiftc -warnings-as-errors --explicit-target-dependency-import-check error
# For the demonstration, as in: make demo DEMO_ARGS=--help
DEMO_ARGS ?=

.PHONY: build test gate example demo bench setup

# The program, optimised, in .build/release/router-cli.
build: setup
	swift build -c release --product router-cli $(SWIFT_FLAGS)

test: setup
	swift build --build-tests $(CHECKS) $(SWIFT_FLAGS)
	scripts/test.sh $(CHECKS) $(SWIFT_FLAGS)

# The optimised program, between a pool and miners for some seconds, asks for no more memory than the ceilings say.
gate: build
	swift build -c release --product relay-benchmark $(SWIFT_FLAGS)
	swift build -c release --product AllocationCounter $(SWIFT_FLAGS)
	.build/release/relay-benchmark .build/release/router-cli gate Benchmarks/allocation-ceilings

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

# Figures of docs/performance.md, with the ledgers they are about in BENCH_FOLDER; some minutes, 2 GB of disk.
BENCH_FOLDER ?= .build/bench
bench: setup
	swift build -c release --product balance-benchmark $(SWIFT_FLAGS)
	.build/release/balance-benchmark 20000 3
	swift build -c release --product ledger-benchmark $(SWIFT_FLAGS)
	rm -rf $(BENCH_FOLDER) && mkdir -p $(BENCH_FOLDER)
	.build/release/ledger-benchmark $(BENCH_FOLDER) 1000000 1000
	.build/release/ledger-benchmark $(BENCH_FOLDER) 1000000 10000
	.build/release/ledger-benchmark $(BENCH_FOLDER) 10000000 10000

setup:
	@scripts/setup.sh
