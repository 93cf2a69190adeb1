# SPDX-License-Identifier: MIT
#
# The C library: Debian's musl, unmodified, built out of tree in build/musl with the files of musl/ in front
# (docs/libc.md). First its headers, which every object of the library OS needs; then libc.a.

MUSL_PIN     := musl/source.pin
MUSL_SRC     := $(abspath $(SOURCES))/musl-$(shell awk '$$1 == "version" { print $$2 }' $(MUSL_PIN))
MUSL_BUILD   := $(BUILD)/musl
MUSL_LIB     := $(SYSROOT)/lib
MUSL_HEADERS := $(MUSL_BUILD)/headers.stamp

# What is made from the table of system calls.
CALLS_TBL   := libos/posix/calls.tbl
CALLS_H     := $(OBJ)/gen/pith_calls.h
CALLS_TABLE := $(OBJ)/gen/pith_table.h

gen_calls = @mkdir -p $(@D); echo "gen-calls $1"; tools/gen-calls $1 $(CALLS_TBL) >$@

$(CALLS_H): $(CALLS_TBL) tools/gen-calls
	$(call gen_calls,prototypes)
$(CALLS_TABLE): $(CALLS_TBL) tools/gen-calls
	$(call gen_calls,table)
# For musl's own build; what programs get is made below.
$(MUSL_BUILD)/include/bits/syscall.h: $(CALLS_TBL) tools/gen-calls
	$(call gen_calls,numbers-libc)
$(MUSL_BUILD)/include/bits/pith_syscall.h: $(CALLS_TBL) tools/gen-calls
	$(call gen_calls,cases)
$(MUSL_BUILD)/include/bits/pith_calls.h: $(CALLS_H)
	@mkdir -p $(@D)
	cp $< $@

# fetch-source does nothing where the pin's package is there already.
$(MUSL_SRC).pin: $(MUSL_PIN) tools/fetch-source | $(SETUP_BUILD)
	tools/fetch-source $(MUSL_PIN) $(SOURCES)
	@touch $@

# Folders of the kernel's headers for programs (package linux-libc-dev).
KERNEL_HEADERS := linux:/usr/include/linux asm-generic:/usr/include/asm-generic \
    asm:/usr/include/x86_64-linux-gnu/asm

MUSL_SYSROOT := $(shell find musl/sysroot -type f)
$(MUSL_HEADERS): INC = $(SYSROOT)/include
$(MUSL_HEADERS): $(MUSL_SRC).pin $(MUSL_SYSROOT) $(CALLS_H) $(MUSL_BUILD)/include/bits/pith_syscall.h
	@mkdir -p $(MUSL_BUILD)/headers $(INC)
	+@$(MAKE) --no-print-directory -s -C $(MUSL_BUILD)/headers -f $(MUSL_SRC)/Makefile srcdir=$(MUSL_SRC) \
	    ARCH=x86_64 DESTDIR= includedir=$(abspath $(INC)) install-headers
	tools/gen-calls numbers $(CALLS_TBL) >$(INC)/bits/syscall.h
	cp $(CALLS_H) $(MUSL_BUILD)/include/bits/pith_syscall.h $(INC)/bits/
	cp -R musl/sysroot/. $(INC)/
	for h in $(KERNEL_HEADERS); do ln -sfn $${h#*:} $(INC)/$${h%%:*}; done
	@touch $@
