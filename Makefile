# Everything the project does, from a fresh clone with Go and make. `make` lists it.

GO       ?= go
BIN      := bin/thinkey
FUZZTIME ?= 10s
SIMTIME  ?= 60s
SIMREAL  ?= 8s
SIMSEED  ?= $(shell date +%s)
KILLS    ?= 50
CHAOS    ?= $(if $(HOURS),$(HOURS)h,2m)
EXPLOREHEAP ?= 4096

# Tests of a package that may run beside each other: networks wait more than they work.
BESIDE ?= 6

# Packages whose tests can rewrite their goldens: those that define the flag -update.
GOLDEN = $(shell grep -rl 'flag\.Bool.*"update"' --include='*_test.go' . | sed 's|/[^/]*$$||' | sort -u)

# Packages whose tests run at once what can race. Those of e2e drive programs of their own, which are built without the detector; a
# simulated network is one goroutine.
RACE = $(filter-out %/runtime/e2e %/runtime/sim %/runtime/internal/lint,$(shell $(GO) list ./actors/... ./cluster/... ./runtime/... ./consensus/block))

# Not under the detector: what tries every instant of a crash, or every bit, or long histories by one goroutine. It takes half an hour there, and
# what is at work at once in it is so in TestCommitsShareSync and in the tests of readers beside commits, too. Nor what is on virtual time or works by
# itself (floods, flows of relays, benches, files that lie, large answers), nor a join that waits. A name is that of all packages.
NORACE = Flood|Crash|CrashAmongBegun|CrashWhileMade|JoinOtherCut|WriteErrors|AuditFindsEveryBit|AuditOfCopiesMadeApart|CommitAndRead|StateAt|Pruning|Init|$\
	Bench.*|ThousandsOfBlocksLate|MainLoadGrowsWithChildren|RandomCode|LargestPublications?|HostileFiles|FlowsApart|AcknowledgedOnce|OneWay|$\
	BagEarliestFirst|CertifiedTogether|PageOfLargeEvents|Redundancy

.DEFAULT_GOAL := help
.PHONY: help build demo test check race fuzz bench golden kill crash cluster flood chaos chaos-finds sim same mutants bls explore contracts check-contracts calibrate docs clean

# Contracts in Rust whose modules are committed beside their source.
RUST_CONTRACTS = $(sort $(patsubst %/,%,$(dir $(wildcard examples/*/rust/Cargo.toml examples/*/rust/*/Cargo.toml sdk/rust/sampler/Cargo.toml))))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/thinkey
	$(GO) build -o $(BIN) ./runtime/cmd/thinkey

demo: build ## play the payments on one chain, over two and over three, and sell a kitten over a main chain and three others
	$(GO) run ./examples/payment/client/demo --bin $(BIN)
	$(GO) run ./examples/auction/client/demo --bin $(BIN)

test: ## run every test but those of make check
	$(GO) test -vet=off -timeout 15m -parallel $(BESIDE) -p 3 $(filter-out %/runtime/internal/lint,$(shell $(GO) list ./...))

check: ## hold the house rules: gofmt, vet, staticcheck, imports, sizes, names
	$(GO) test -count=1 -timeout 20m ./runtime/internal/lint

race: ## run the tests of what is concurrent under the race detector (needs a C compiler)
	$(GO) test -race -vet=off -timeout 20m -parallel $(BESIDE) -p 3 -skip '^Test($(NORACE))$$' $(RACE)
	$(GO) test -race -vet=off -run '^Test(Concurrent|Close|Prepare|Spares|Forever|DamagedArtifacts)' ./contracts/wasm
	$(GO) test -race -vet=off -run 'Concurrently|ParallelUpdate' ./sdk/keys ./sdk/merkle

fuzz: ## run every fuzz target for FUZZTIME [10s]
	FUZZTIME=$(FUZZTIME) .ci/fuzz

bench: build ## measure the parts, then payments through a node
	$(GO) test -run '^$$' -bench . -benchmem ./...
	$(BIN) bench payment

golden: ## rewrite the golden files; read the diff before committing it
	@$(if $(GOLDEN),$(GO) test -count=1 $(GOLDEN) -update,echo "no package has goldens")

kill: ## kill a node KILLS [50] times while it commits, and check what it comes back with
	$(GO) test ./runtime/e2e -run TestKill -kills=$(KILLS) -count=1 -timeout 60m

crash: ## recover a store from a crash at every write and sync of many, not at a third of them
	$(GO) test ./runtime/store -run '^TestCrash' -crash.all -v -count=1 -timeout 30m

cluster: ## type every command of "Run a cluster", upgrade nodes one after the other under load, and run all that bench cluster measures, small: two minutes
	$(GO) test ./runtime/e2e -run '^(TestRunACluster|TestRollingUpgrade|TestBenchCluster)$$' -operates -v -count=1 -timeout 30m

flood: ## have three chains send each other ten times of what they can take in, for an hour of blocks a second, and see that all arrives
	$(GO) test ./runtime/relay -run '^TestFlood$$' -flood.blocks 3600 -v -count=1 -timeout 2h

chaos: ## do harm to four processes, their links, disks and clocks for CHAOS [2m] or HOURS, while clients pay, and check all that they were told; CHAOSSEED=N repeats
	$(GO) test ./runtime/e2e -run '^TestChaos$$' -v -count=1 -timeout 0 -chaos=$(CHAOS) $(if $(CHAOSSEED),-chaos-seed=$(CHAOSSEED))

chaos-finds: ## plant bugs in the program of those processes, a skipped sync and a second signature among them, and see that each is found
	$(GO) test ./runtime/e2e -run '^TestChaosFinds$$' -v -count=1 -timeout 0 -chaos=10m -chaos-plant

sim: build ## run committees on virtual time with fresh seeds for SIMTIME [60s] of CPU twice, and for SIMREAL [8s] each with real keys and with real stores
	$(BIN) sim run --seed $(SIMSEED) --cpu $(SIMTIME) --out bin & other=$$!; \
		$(BIN) sim run --seed 1$(SIMSEED) --cpu $(SIMTIME) --out bin >bin/sim.other; status=$$?; wait $$other || status=$$?; cat bin/sim.other; exit $$status
	$(BIN) sim run --seed $(SIMSEED) --cpu $(SIMREAL) --out bin --tier real
	$(BIN) sim run --seed $(SIMSEED) --cpu $(SIMREAL) --out bin --tier store

same: ## build the program twice, otherwise optimised, and compare histories of the simulator
	$(GO) test ./runtime/sim -run '^TestTwoBuilds$$' -builds -v -count=1

mutants: ## plant bugs in our own code, one by one, and see what finds each: an hour; CONTINUE=1 goes on where it was interrupted, MUTANT=REGEXP plants some
	mkdir -p bin
	$(if $(CONTINUE),,rm -f bin/mutants.jsonl)
	$(GO) test ./runtime/sim -run '^TestMutants$$' -plant -results $(CURDIR)/bin/mutants.jsonl -mutant '$(MUTANT)' -v -count=1 -timeout 3h

bls: ## compare ten thousand random keys and signatures, and three thousand sums, with another BLS library: two minutes
	$(GO) test ./sdk/keys -run 'AgainstReference|RandomEncodings' -bls.times 10 -v -count=1

explore: ## try what can happen to four members at one height, as far as an hour and EXPLOREHEAP [4096] MiB go
	$(GO) test ./consensus/bft -run '^TestExplore$$' -explore.states=1000000 -explore.walks=300000 -explore.heap=$(EXPLOREHEAP) -v -count=1 -timeout 3h

contracts: ## build the committed modules of contracts in Rust (needs Debian's rustc, libstd-rust-dev-wasm32, lld)
	@set -e; for dir in $(RUST_CONTRACTS); do echo "$$dir"; sdk/rust/build.sh $$dir; done

check-contracts: ## check that the committed modules are what their sources make
	@set -e; for dir in $(RUST_CONTRACTS); do echo "$$dir"; sdk/rust/build.sh $$dir check; done

calibrate: ## measure what every instruction and host call takes for a unit of gas
	$(GO) test ./contracts/wasm -run '^TestCalibrate$$' -calibrate -v -count=1 -timeout 40m

docs: build ## write the pages of the command line
	$(BIN) docs runtime/docs/cli

clean: ## remove what was built
	rm -rf bin
