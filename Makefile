# SPDX-License-Identifier: MIT
# pimage: `make demo` shows it, `make check` tests it; both install the packages that are missing.

PREFIX ?= /usr/local
BUILD ?= build
CC ?= gcc
VERSION := 0.1
ARCH := $(shell uname -m)

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
override CPPFLAGS += -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DPIMAGE_VERSION='"$(VERSION)"'
override CFLAGS += -std=gnu11 $(WARNINGS) -fno-strict-aliasing -pthread
FORMAT_LIBS := -ljansson -larchive -lzstd -lxxhash -lcrypto
LIBS := $(FORMAT_LIBS) -lcap

# Every .c of a folder belongs to its library; a new object needs no line here.
objects = $(patsubst %,$(BUILD)/%.o,$(basename $(wildcard $(addsuffix /*.c,$(1)) $(addsuffix /*.S,$(1)))))
FORMAT := $(call objects,format arch/all)
KERNEL := $(call objects,kernel arch/$(ARCH))
CLI := $(call objects,cli)
DUMP := $(filter-out %/main.o,$(call objects,dump))
RESTORE := $(filter-out %/main.o,$(call objects,restore))
INSPECT := $(filter-out %/main.o,$(call objects,inspect))

PROGRAMS := $(BUILD)/pdump $(BUILD)/prestore $(BUILD)/pinspect
UNITS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c))
SUBJECTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/subject/*.c))

all: $(PROGRAMS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libformat.a: $(FORMAT)
$(BUILD)/libkernel.a: $(KERNEL)
$(BUILD)/libcli.a: $(CLI)
$(BUILD)/libdump.a: $(DUMP)
$(BUILD)/librestore.a: $(RESTORE)
$(BUILD)/libinspect.a: $(INSPECT)
$(BUILD)/lib%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

LIB = $(patsubst %,$(BUILD)/lib%.a,$(1))
$(BUILD)/pdump: $(BUILD)/dump/main.o $(call LIB,dump cli kernel format)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/prestore: $(BUILD)/restore/main.o $(call LIB,restore dump cli kernel format)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/pinspect: $(BUILD)/inspect/main.o $(call LIB,inspect cli format)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/unit/%: tests/unit/%.c $(call LIB,restore dump inspect cli kernel format)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $^ $(LIBS)

$(BUILD)/tests/subject/%: tests/subject/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< -lm -lrt

units: $(UNITS)
subjects: $(SUBJECTS)

# The unit tests alone: seconds, for every change.
check-unit: $(UNITS)
	@for t in $(UNITS); do $$t || exit 1; done

clean:
	rm -rf $(BUILD)

.PHONY: all units subjects check-unit clean
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
