# afprobe. `make demo` shows it, `make test` tests it; both install the Debian packages that they need.

SWIFT_FLAGS ?=
# No search for libraries beside the executable: there are none, and a program with capabilities must not load any.
RELEASE_FLAGS := --disable-local-rpath
# The target of `make install`; packages set DESTDIR.
PREFIX ?= /usr/local
DESTDIR ?=
# Debian's zsh looks here below /usr/local, and in vendor-completions below /usr. Its fish looks below /usr/local where
# XDG_DATA_DIRS names it, as in a desktop's session.
ZSH_FUNCTIONS ?= $(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS ?= $(PREFIX)/share/fish/vendor_completions.d

environment := Tests/Environment
release := .build/release/afprobe
benchmarks := .build/benchmarks
c_flags := -O2 -std=gnu11 -Wall -Wextra -Werror

# Quoted where they are used: a folder's name may have spaces.
share := $(DESTDIR)$(PREFIX)/share
pages := $(notdir $(wildcard man/*.[157]))

.PHONY: build demo install deb test-package uninstall test test-hardware account check-long soak test-addresses test-threads fuzz bench bench-peers lint format completions man clean

build:
	@$(environment)/prepare libpcap-dev
	swift build -c release --product afprobe $(RELEASE_FLAGS) $(SWIFT_FLAGS)

demo:
	@$(environment)/prepare libpcap-dev iproute2 util-linux
	swift build -c release --product afprobe $(RELEASE_FLAGS) $(SWIFT_FLAGS)
	@$(environment)/isolate $(environment)/demo $(CURDIR)/$(release)

# Builds nothing: root, who installs, often has no Swift toolchain.
install:
	@test -x $(release) || { echo "install: there is no $(release); first: make build" >&2; exit 1; }
	install -D -s -m 755 $(release) "$(DESTDIR)$(PREFIX)/bin/afprobe"
	install -d "$(share)/man/man1" "$(share)/man/man5" "$(share)/man/man7"
	install -m 644 man/*.1 "$(share)/man/man1"
	install -m 644 man/*.5 "$(share)/man/man5"
	install -m 644 man/*.7 "$(share)/man/man7"
	install -D -m 644 completions/afprobe.bash "$(share)/bash-completion/completions/afprobe"
	install -D -m 644 completions/_afprobe "$(DESTDIR)$(ZSH_FUNCTIONS)/_afprobe"
	install -D -m 644 completions/afprobe.fish "$(DESTDIR)$(FISH_COMPLETIONS)/afprobe.fish"

# A Debian package in dist/, by packaging/build-deb.
deb:
	@$(environment)/prepare libpcap-dev dpkg-dev binutils
	swift build -c release --product afprobe $(RELEASE_FLAGS) $(SWIFT_FLAGS)
	packaging/build-deb $(release) dist

# Checks the package, and uses it in a fresh Debian. Needs root.
test-package: deb
	@$(environment)/prepare lintian debootstrap iproute2 util-linux
	lintian --fail-on error,warning --allow-root dist/afprobe_*.deb
	$(environment)/fresh-system dist/afprobe_*.deb

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/afprobe"
	for page in $(pages); do rm -f "$(share)/man/man$${page##*.}/$$page" || exit; done
	rm -f "$(share)/bash-completion/completions/afprobe" "$(DESTDIR)$(ZSH_FUNCTIONS)/_afprobe" \
		"$(DESTDIR)$(FISH_COMPLETIONS)/afprobe.fish"

define prepare_tests
@$(environment)/prepare libpcap-dev iproute2 util-linux bsdutils libc-bin tcpdump tshark ethtool binutils \
	libcap2-bin make zsh fish ruby jq gcc libc6-dev linuxptp procps
@$(environment)/unpack .build/daemons chrony ptpd
endef

test:
	$(prepare_tests)
	swift build -c release --product afprobe $(RELEASE_FLAGS) $(SWIFT_FLAGS)
	swift build --build-tests $(SWIFT_FLAGS)
	$(environment)/isolate swift test --skip-build $(SWIFT_FLAGS)

# On NICs that QEMU emulates, with their Linux drivers.
test-hardware:
	@$(environment)/prepare libpcap-dev iproute2 util-linux python3 debian-archive-keyring gcc libc6-dev \
		binutils busybox-static dash ethtool linuxptp tcpdump kmod zstd xz-utils
	swift build -c release --product afprobe $(RELEASE_FLAGS) $(SWIFT_FLAGS)
	Tests/HardwareLab/run $(CURDIR)/$(release)

# Accounts for PROBES pings under netem, by its counters and by captures: Tests/HardwareLab/ACCOUNTED.md.
account: PROBES ?= 1000000
account:
	@$(environment)/prepare libpcap-dev iproute2 util-linux python3 debian-archive-keyring gcc libc6-dev \
		binutils busybox-static dash ethtool linuxptp tcpdump kmod zstd xz-utils
	swift build -c release --product afprobe $(RELEASE_FLAGS) $(SWIFT_FLAGS)
	Tests/HardwareLab/run $(CURDIR)/$(release) $(PROBES)

# What CI does not have the time for; for releases.
check-long:
	$(MAKE) fuzz SECONDS=60
	$(MAKE) test-addresses
	$(MAKE) test-threads
	$(MAKE) soak

# Pings at 10,000 a second for SECONDS, with link flaps, restarts of the responder and stalled readers: Tests/Soak/SOAKED.md.
soak: SECONDS ?= 1800
soak:
	@$(environment)/prepare libpcap-dev iproute2 util-linux
	swift build -c release --product afprobe $(RELEASE_FLAGS) $(SWIFT_FLAGS)
	$(environment)/isolate Tests/Soak/soak $(release) $(SECONDS) 100us

# Sanitizers change memory and CPU scheduling, have no filter of system calls, and are not in the release binary.
unlike_sanitized := (Allocation|Release|Scheduling|SystemCallFilter|Privilege)Tests|memoryThatIsLacking

# The integration tests under the address sanitizer: the unit tests stop at a false alarm of the toolchain, in Swift
# Testing's comparison of optionals. Foundation leaks in the tests themselves.
test-addresses: addresses := --sanitize=address --scratch-path .build/addresses
test-addresses:
	$(prepare_tests)
	swift build --build-tests $(addresses) $(SWIFT_FLAGS)
	ASAN_OPTIONS=detect_leaks=0 $(environment)/isolate swift test --skip-build $(addresses) \
		--filter IntegrationTests --skip '$(unlike_sanitized)' $(SWIFT_FLAGS)

# The suite under the thread sanitizer. The thread that writes lines is not joined at the end, which it would report as a
# leak.
test-threads: threads := --sanitize=thread --scratch-path .build/threads
test-threads:
	$(prepare_tests)
	swift build --build-tests $(threads) $(SWIFT_FLAGS)
	TSAN_OPTIONS=report_thread_leaks=0 $(environment)/isolate swift test --skip-build $(threads) \
		--skip '$(unlike_sanitized)' $(SWIFT_FLAGS)

# Fuzzes all parsers of foreign bytes: each target for SECONDS.
fuzz: SECONDS ?= 30
fuzz:
	@$(environment)/prepare libpcap-dev
	Tests/Fuzz/run $(SECONDS)

# Against a C program that does the same jobs, and against Debian's tools; both write Benchmarks/RESULTS.md. OPTIONS are
# those of Benchmarks/run: --quick for a first look, --only REGEX, --full.
bench bench-peers: OPTIONS ?= --save
bench-peers: peers := --peers
bench-peers: packages := netsniff-ng tcpdump arping fping iputils-ping
bench bench-peers:
	@$(environment)/prepare libpcap-dev iproute2 util-linux gcc libc6-dev binutils python3 valgrind $(packages)
	swift build -c release --product afprobe $(RELEASE_FLAGS) $(SWIFT_FLAGS)
	@mkdir -p $(benchmarks)
	cc $(c_flags) -o $(benchmarks)/baseline Benchmarks/baseline/*.c
	cc $(c_flags) -shared -fPIC -o $(benchmarks)/count-allocations.so $(environment)/count-allocations.c
	$(environment)/isolate Benchmarks/run $(peers) $(OPTIONS) $(release) $(benchmarks)/baseline \
		$(benchmarks)/count-allocations.so

lint:
	@$(environment)/prepare shellcheck python3 mandoc
	swift format lint --strict --recursive Sources Tests Package.swift
	PYTHONPYCACHEPREFIX=.build/python python3 -m py_compile Benchmarks/run Benchmarks/bench/*.py Tests/HardwareLab/lab \
		$(environment)/check-layers
	shellcheck -x $(filter-out %.c,$(wildcard $(environment)/*)) Tests/HardwareLab/run Tests/HardwareLab/checks \
		Tests/HardwareLab/igb Tests/HardwareLab/leases Tests/HardwareLab/e1000e Tests/HardwareLab/netem Tests/HardwareLab/account Tests/HardwareLab/netlink \
		Tests/HardwareLab/launch Tests/Soak/soak .ci/run
	shellcheck -x Tests/Fuzz/run man/renew packaging/build-deb packaging/debian/postinst packaging/debian/postrm vagrant/*.sh vagrant/device vagrant/exchange
	shellcheck -s bash completions/afprobe.bash
	mandoc -T lint -W warning man/*.[157]
	$(environment)/check-structure
	$(environment)/check-layers --self-test
	$(environment)/check-layers

format:
	swift format format --in-place --recursive Sources Tests Package.swift

completions:
	swift build --product afprobe
	.build/debug/afprobe --generate-completion-script bash >completions/afprobe.bash
	.build/debug/afprobe --generate-completion-script zsh >completions/_afprobe
	.build/debug/afprobe --generate-completion-script fish >completions/afprobe.fish

man:
	swift build --product afprobe
	man/renew $(CURDIR)/.build/debug/afprobe

clean:
	rm -rf .build
