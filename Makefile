# SPDX-License-Identifier: MIT
# pimage: `make demo` shows it, `make check` tests it; both install the packages that are missing.

PREFIX ?= /usr/local
BUILD ?= build
# Of Debian packages that are missing; ":" does nothing.
INSTALL_PACKAGES ?= tools/install-packages
# Of `make check`: names of tests, all by default.
TESTS ?=
VERSION := 0.1
ARCH := $(shell uname -m)

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
override CPPFLAGS += -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DPIMAGE_VERSION='"$(VERSION)"'
override CFLAGS += -std=gnu11 $(WARNINGS) $(WERROR) -fno-strict-aliasing -pthread

# Every .c of a folder belongs to its library; a new object needs no line here.
objects = $(patsubst %,$(BUILD)/%.o,$(basename $(wildcard $(addsuffix /*.c,$(1)) $(addsuffix /*.S,$(1)))))
FORMAT := $(call objects,format arch/all)
KERNEL := $(call objects,kernel arch/$(ARCH))
CLI := $(call objects,cli)
DUMP := $(filter-out %/main.o,$(call objects,dump))
RESTORE := $(filter-out %/main.o,$(call objects,restore))
INSPECT := $(filter-out %/main.o,$(call objects,inspect))

TOOLS := pdump prestore pinspect
PROGRAMS := $(TOOLS:%=$(BUILD)/%)
UNITS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c))
SUBJECTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/subject/*.c))
GENERATE := $(BUILD)/spec/generate

# All at once: a mkdir for each target takes as long as compiling a twentieth of them.
FOLDERS := format arch/all arch/$(ARCH) kernel cli dump restore inspect spec tests/unit tests/subject tests/bench tests/images
$(shell mkdir -p $(FOLDERS:%=$(BUILD)/%))

all: $(PROGRAMS)

$(BUILD)/%.o: %.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.S
	$(CC) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libformat.a: $(FORMAT)
$(BUILD)/libkernel.a: $(KERNEL)
$(BUILD)/libcli.a: $(CLI)
$(BUILD)/libdump.a: $(DUMP)
$(BUILD)/librestore.a: $(RESTORE)
$(BUILD)/libinspect.a: $(INSPECT)
$(BUILD)/lib%.a:
	@rm -f $@
	$(AR) rcs $@ $^

LIB = $(patsubst %,$(BUILD)/lib%.a,$(1))
$(BUILD)/pdump: $(BUILD)/dump/main.o $(call LIB,dump cli kernel format)
$(BUILD)/prestore: $(BUILD)/restore/main.o $(call LIB,restore dump cli kernel format)
$(BUILD)/pinspect: $(BUILD)/inspect/main.o $(call LIB,inspect cli format)
$(GENERATE): $(BUILD)/spec/generate.o $(call LIB,format)
$(PROGRAMS) $(GENERATE): $(BUILD)/libraries-of-program
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter-out %-of-program,$^) @$(BUILD)/libraries-of-program

# Linker options, found out by trying.
$(BUILD)/libraries: tools/libraries
	tools/libraries $(CC) >$@.new && mv $@.new $@
$(BUILD)/libraries-of-program: tools/libraries
	@mkdir -p $(@D)
	tools/libraries --program $(CC) $(CFLAGS) $(LDFLAGS) >$@.new && mv $@.new $@

UNIT_LIBRARIES := restore dump inspect cli kernel format
$(BUILD)/tests/unit/%: tests/unit/%.c $(call LIB,$(UNIT_LIBRARIES)) $(BUILD)/libraries
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(filter %.a,$^) @$(BUILD)/libraries

$(BUILD)/tests/bench/%: tests/bench/%.c $(call LIB,format) $(BUILD)/libraries
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(filter %.a,$^) @$(BUILD)/libraries

$(BUILD)/tests/subject/%: tests/subject/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< -lm -lrt

# Makes images, good and bad, for tests of the programs.
$(BUILD)/tests/images/make: tests/images/make.c $(call LIB,format) $(BUILD)/libraries
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(filter %.a,$^) @$(BUILD)/libraries

units: $(UNITS)
subjects: $(SUBJECTS)

# What the field tables say: spec/*.schema.json and the tables of spec/image-format.md.
spec: $(GENERATE)
	tools/generate-spec $(GENERATE)

# Compiling all at once, unless make was told how many.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
MAKE_IN = $(MAKE) --no-print-directory --silent $(PARALLEL)

demo:
	@$(INSTALL_PACKAGES) build demo
	+@$(MAKE_IN) all
	@tools/demo $(BUILD)

# The last line counts what passed, failed and was skipped.
check:
	@$(INSTALL_PACKAGES) build test
	+@$(MAKE_IN) WERROR=-Werror all units subjects $(GENERATE)
	+@$(MAKE_IN) sanitized
	@tests/run --sanitized --build $(BUILD) $(TESTS)

# The unit tests alone: seconds, for every change.
check-unit: $(UNITS)
	@for t in $(UNITS); do $$t || exit 1; done

# Unit tests with the sanitizers of both compilers; tests/run runs these too. Not that of page
# tables: those of a sanitized process span terabytes.
SANITIZED := $(filter-out $(BUILD)/tests/unit/memory,$(UNITS))
# Nor are they optimized, which takes half as long again to compile. The programs are built by clang for its warnings.
SANITIZE := -O0 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MAKE_SANITIZED = $(MAKE_IN) BUILD=$(BUILD)/sanitize-$(1) CC=$(1) WERROR=-Werror CFLAGS='$(SANITIZE)'
# What reads images, and needs format/ alone. Of all other tests the sanitizers of gcc find what those of clang do, in a tenth of the time of `make check`:
# where there is clang, they are for `make check-sanitize`.
PARSING := $(patsubst %.c,$(BUILD)/%,$(shell grep -LE '^.include "(kernel|cli|dump|restore|inspect|tests/unit/child)' tests/unit/*.c))
sanitized:
	@rm -f $(patsubst $(BUILD)/%,$(BUILD)/sanitize-gcc/%,$(filter-out $(PARSING),$(UNITS)))
	+@if echo 'int main(void) { return 0; }' | clang $(SANITIZE) -x c -o $(BUILD)/try - 2>/dev/null; then \
		$(call MAKE_SANITIZED,gcc) UNIT_LIBRARIES=format sanitized-parsing && $(call MAKE_SANITIZED,clang) all sanitized-units; \
	else echo "clang has no sanitizers here"; \
		$(call MAKE_SANITIZED,gcc) sanitized-units && $(MAKE_IN) BUILD=$(BUILD)/clang CC=clang WERROR=-Werror all; fi
sanitized-units: $(SANITIZED)
sanitized-parsing: $(PARSING)
check-sanitize:
	+@$(call MAKE_SANITIZED,gcc) sanitized-units
	+@$(call MAKE_SANITIZED,clang) all sanitized-units
	@for t in $(SANITIZED:$(BUILD)/%=$(BUILD)/sanitize-gcc/%) \
		$(SANITIZED:$(BUILD)/%=$(BUILD)/sanitize-clang/%); do $$t || exit 1; done

# What several threads share, by ThreadSanitizer: two minutes, for changes there.
SHARING := pages pages_pool image_ahead
check-threads: $(BUILD)/libraries
	@for t in $(SHARING); do \
		$(CC) $(CPPFLAGS) -std=gnu11 -O1 -g1 -fno-strict-aliasing -pthread -fsanitize=thread -o $(BUILD)/try tests/unit/$$t.c format/*.c arch/all/*.c @$(BUILD)/libraries && \
			$(BUILD)/try || exit 1; done

bench: all $(addprefix $(BUILD)/tests/bench/,target timed limit)
	@tests/bench/run $(BENCH) $(BUILD)

MANUALS1 := dump/pdump.1 restore/prestore.1 inspect/pinspect.1
DESTINATION = $(DESTDIR)$(PREFIX)
install: all
	install -d $(DESTINATION)/bin $(DESTINATION)/share/man/man1 $(DESTINATION)/share/man/man5 \
		$(DESTINATION)/share/bash-completion/completions $(DESTINATION)/share/doc/pimage
	install $(PROGRAMS) $(DESTINATION)/bin
	install -m 644 $(MANUALS1) $(DESTINATION)/share/man/man1
	install -m 644 spec/pimage.5 $(DESTINATION)/share/man/man5
	for tool in $(TOOLS); do install -m 644 contrib/completions/pimage.bash \
		$(DESTINATION)/share/bash-completion/completions/$$tool || exit 1; done
	install -m 644 README.md LICENSE spec/image-format.md spec/*.schema.json \
		$(DESTINATION)/share/doc/pimage
	install -m 644 -D spec/examples/example.tar $(DESTINATION)/share/doc/pimage/examples/example.tar

clean:
	rm -rf $(BUILD)

.PHONY: all units subjects spec demo check check-unit sanitized sanitized-units sanitized-parsing check-sanitize check-threads bench install clean
.SECONDARY:

-include $(patsubst %.o,%.d,$(FORMAT) $(KERNEL) $(CLI) $(DUMP) $(RESTORE) $(INSPECT) \
	$(BUILD)/dump/main.o $(BUILD)/restore/main.o $(BUILD)/inspect/main.o $(GENERATE).o) $(UNITS:=.d) $(SUBJECTS:=.d)
