# The front door. Everything it needs it installs (Debian packages, through tools/setup).
#
#   make            build/leat                        make demo     see real data go in and come out
#   make run        serve                             make test     every test, real clients included
#   make check      the unit tests alone, < 60 s      make bench    against its peers, in turns
#   make crash      ROUNDS=1000 kills, faults         make fuzz     every fuzzer, SECONDS=60 each; T=json for one
#   make sim        the whole server in a simulated world, SECONDS=60 or HOURS=1 of seeds; SEED=n: one, aloud
#   make sim-selftest  planted bugs and lies that the simulator must find
#   make sweep      everything that can fail, fails once; every byte on disk is another one (an hour)
#   make arrows     draw which room uses which        make fmt      clang-format;  make tidy: sizes and lint
#   make install    PREFIX=/usr/local DESTDIR=        make clean

PREFIX ?= /usr/local
DESTDIR ?=
SECONDS ?= 60
ROUNDS ?= 1000
SEED ?=
HOURS ?=
T ?=

.PHONY: all help run demo test check bench crash sim sim-selftest sweep fuzz fuzz-smoke arrows fmt tidy install clean setup configure

all: configure
	@ninja -C build leat

setup:
	@tools/setup build

configure: setup
	@test -f build/build.ninja || meson setup build >/dev/null

run: all
	build/leat serve $(ARGS)

demo: all
	tools/demo

check: configure
	tools/test unit

test:
	@tools/setup build test
	tools/test all

bench: all
	@tools/setup bench
	bench/run $(ARGS)

crash: all
	@ninja -C build tools/kernel/shim.so
	python3 tools/kernel
	python3 tools/crash --rounds $(ROUNDS)

sim: configure
	@ninja -C build sim/leat-sim
	build/sim/leat-sim $(if $(SEED),--seed $(SEED) --aloud,--seconds $(if $(HOURS),$(shell expr $(HOURS) \* 3600),$(SECONDS)))

sim-selftest: configure
	@ninja -C build sim/leat-sim
	sim/plants/run --build build

sweep: configure
	@ninja -C build sim/sweep/leat-sweep
	build/sim/sweep/leat-sweep $(ARGS)

fuzz:
	@tools/setup test
	tools/fuzz --seconds $(SECONDS) $(T)

fuzz-smoke:
	@tools/setup test
	tools/fuzz --seconds 30

arrows:
	tools/arrows --draw doc/arrows.svg

fmt: setup
	@tools/setup test
	clang-format -i $$(git ls-files '*.c' '*.h')

tidy:
	tools/tidy

install: all
	install -D -m 755 build/leat $(DESTDIR)$(PREFIX)/bin/leat
	sed 's|/usr/local/bin|$(PREFIX)/bin|' deploy/leat.service > build/leat.service
	install -D -m 644 build/leat.service $(DESTDIR)$(PREFIX)/lib/systemd/system/leat.service
	build/leat help --man > build/leat.1
	install -D -m 644 build/leat.1 $(DESTDIR)$(PREFIX)/share/man/man1/leat.1

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

clean:
	rm -rf build
