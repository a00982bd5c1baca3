# afprobe. `make demo` shows it, `make test` tests it; both install what they need.

SWIFT_FLAGS ?=

environment := Tests/Environment
release := .build/release/afprobe
benchmarks := .build/benchmarks
c_flags := -O2 -std=gnu11 -Wall -Wextra -Werror

.PHONY: build demo test test-hardware bench bench-peers lint format completions clean

build:
	@$(environment)/prepare libpcap-dev
	swift build -c release --product afprobe $(SWIFT_FLAGS)

demo:
	@$(environment)/prepare libpcap-dev iproute2 util-linux
	swift build -c release --product afprobe $(SWIFT_FLAGS)
	@$(environment)/isolate $(environment)/demo $(CURDIR)/$(release)

test:
	@$(environment)/prepare libpcap-dev iproute2 util-linux bsdutils libc-bin tcpdump ethtool gcc libc6-dev
	swift build -c release --product afprobe $(SWIFT_FLAGS)
	swift build --build-tests $(SWIFT_FLAGS)
	$(environment)/isolate swift test --skip-build $(SWIFT_FLAGS)

# On network cards that QEMU emulates, whose stamps and drivers are real.
test-hardware:
	@$(environment)/prepare libpcap-dev iproute2 util-linux python3 debian-archive-keyring gcc libc6-dev \
		binutils busybox-static dash ethtool linuxptp tcpdump kmod zstd xz-utils
	swift build -c release --product afprobe $(SWIFT_FLAGS)
	Tests/HardwareLab/run $(CURDIR)/$(release)

# Against a C program that does the same jobs, and against Debian's tools; both write Benchmarks/RESULTS.md. OPTIONS are
# those of Benchmarks/run: --quick for a first look, --only REGEX, --full.
bench bench-peers: OPTIONS ?= --save
bench-peers: peers := --peers
bench-peers: packages := netsniff-ng tcpdump arping fping iputils-ping
bench bench-peers:
	@$(environment)/prepare libpcap-dev iproute2 util-linux gcc libc6-dev binutils python3 valgrind $(packages)
	swift build -c release --product afprobe $(SWIFT_FLAGS)
	@mkdir -p $(benchmarks)
	cc $(c_flags) -o $(benchmarks)/baseline Benchmarks/baseline/*.c
	cc $(c_flags) -shared -fPIC -o $(benchmarks)/count-allocations.so $(environment)/count-allocations.c
	$(environment)/isolate Benchmarks/run $(peers) $(OPTIONS) $(release) $(benchmarks)/baseline \
		$(benchmarks)/count-allocations.so

lint:
	@$(environment)/prepare shellcheck python3
	swift format lint --strict --recursive Sources Tests Package.swift
	PYTHONPYCACHEPREFIX=.build/python python3 -m py_compile Benchmarks/run Benchmarks/bench/*.py Tests/HardwareLab/lab
	shellcheck -x $(filter-out %.c,$(wildcard $(environment)/*)) Tests/HardwareLab/run Tests/HardwareLab/checks \
		Tests/HardwareLab/igb Tests/HardwareLab/e1000e Tests/HardwareLab/netem Tests/HardwareLab/netlink .ci/run
	shellcheck -s bash completions/afprobe.bash
	$(environment)/check-structure

format:
	swift format format --in-place --recursive Sources Tests Package.swift

completions:
	swift build --product afprobe
	.build/debug/afprobe --generate-completion-script bash >completions/afprobe.bash
	.build/debug/afprobe --generate-completion-script zsh >completions/_afprobe
	.build/debug/afprobe --generate-completion-script fish >completions/afprobe.fish

clean:
	rm -rf .build
