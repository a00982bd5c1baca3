# afprobe. `make demo` shows it, `make test` tests it; both install what they need.

SWIFT_FLAGS ?=

environment := Tests/Environment
release := .build/release/afprobe

.PHONY: build demo test test-hardware lint format completions clean

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

lint:
	@$(environment)/prepare shellcheck python3
	swift format lint --strict --recursive Sources Tests Package.swift
	shellcheck -x $(environment)/* Tests/HardwareLab/run Tests/HardwareLab/checks Tests/HardwareLab/igb Tests/HardwareLab/e1000e \
		Tests/HardwareLab/netem Tests/HardwareLab/netlink .ci/run
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
