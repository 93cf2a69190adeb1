# SPDX-License-Identifier: MIT
#
# The C library: Debian's musl, unmodified, built out of tree in build/musl with the files of musl/ in front
# (docs/libc.md). First its headers, which every object of the library OS needs; then libc.a. Also all that is
# made from the table of system calls.

MUSL_PIN     := musl/source.pin
MUSL_SRC     := $(abspath $(SOURCES))/musl-$(shell awk '$$1 == "version" { print $$2 }' $(MUSL_PIN))
MUSL_BUILD   := $(BUILD)/musl
MUSL_LIB     := $(SYSROOT)/lib
MUSL_HEADERS := $(MUSL_BUILD)/headers.stamp

# The names that references of libc.a are changed by (mk/libos.mk).
LIBOS_NAMES := $(OBJ)/gen/names

CALLS_TBL     := libos/posix/calls.tbl
CALLS_H       := $(OBJ)/gen/pith_calls.h
CALLS_TABLE   := $(OBJ)/gen/pith_table.h
CALLS_MISSING := $(OBJ)/gen/missing.list
CALLS_NOTES   := libos/posix/calls.notes
CALLS_INFOS   := $(OBJ)/gen/call_infos.h
# What programs include, and what musl itself is built with.
CALLS_CASES   := $(MUSL_BUILD)/include/bits/pith_syscall.h
CALLS_NUMBERS := $(MUSL_BUILD)/program/bits/syscall.h
CALLS_LIBC    := $(MUSL_BUILD)/include/bits/syscall.h

# A file that comes out as it was keeps its time: a call that moved between files of libos/posix, say,
# changes nothing for musl, which takes long to build.
CALLS_STAMP := $(OBJ)/gen/calls.stamp
gen_calls = tools/gen-calls $1 $(CALLS_TBL) >$2.new; cmp -s $2.new $2 && rm $2.new || mv $2.new $2
$(CALLS_STAMP): $(CALLS_TBL) tools/gen-calls mk/musl.mk
	@mkdir -p $(dir $(CALLS_H) $(CALLS_CASES) $(CALLS_NUMBERS))
	@set -e; $(call gen_calls,prototypes,$(CALLS_H)); $(call gen_calls,table,$(CALLS_TABLE)); \
	$(call gen_calls,cases,$(CALLS_CASES)); $(call gen_calls,numbers,$(CALLS_NUMBERS)); \
	$(call gen_calls,numbers-libc,$(CALLS_LIBC)); $(call gen_calls,missing,$(CALLS_MISSING))
	@touch $@
$(CALLS_H) $(CALLS_TABLE) $(CALLS_CASES) $(CALLS_NUMBERS) $(CALLS_LIBC) $(CALLS_MISSING): $(CALLS_STAMP) ;
$(OBJ)/libos/posix/dyn.o: | $(CALLS_TABLE)

# What the pith command knows about them, and the page that says it.
$(CALLS_INFOS): $(CALLS_TBL) $(CALLS_NOTES) tools/gen-compatibility
	@mkdir -p $(@D)
	@tools/gen-compatibility table $(CALLS_TBL) $(CALLS_NOTES) >$@.new && mv $@.new $@
$(OBJ)/cli/calls.o: $(CALLS_INFOS)

.PHONY: compatibility
compatibility: ## write docs/compatibility.md anew, after changes to calls.tbl or calls.notes
	@tools/gen-compatibility document $(CALLS_TBL) $(CALLS_NOTES) >docs/compatibility.md.new
	@mv docs/compatibility.md.new docs/compatibility.md

# fetch-source does nothing where the pin's package is there already.
$(MUSL_SRC).pin: $(MUSL_PIN) tools/fetch-source | $(SETUP_BUILD)
	$(call say,FETCH   $(MUSL_PIN))
	@tools/fetch-source $(MUSL_PIN) $(SOURCES) >/dev/null
	@touch $@

# Folders of the kernel's headers for programs (package linux-libc-dev).
KERNEL_HEADERS := linux:/usr/include/linux asm-generic:/usr/include/asm-generic \
    asm:/usr/include/x86_64-linux-gnu/asm

MUSL_SYSROOT := $(shell find musl/sysroot -type f)
$(MUSL_HEADERS): INC = $(SYSROOT)/include
$(MUSL_HEADERS): $(MUSL_SRC).pin $(MUSL_SYSROOT) musl/include/limits.h $(CALLS_H) $(CALLS_CASES) $(CALLS_NUMBERS)
	@mkdir -p $(MUSL_BUILD)/headers $(INC)
	+@$(MAKE) --no-print-directory -s -C $(MUSL_BUILD)/headers -f $(MUSL_SRC)/Makefile srcdir=$(MUSL_SRC) \
	    ARCH=x86_64 DESTDIR= includedir=$(abspath $(INC)) install-headers
	$(call say,HEADERS musl)
	@cp $(CALLS_H) $(CALLS_CASES) $(CALLS_NUMBERS) $(INC)/bits/
	@cp -R musl/sysroot/. $(INC)/
	@echo '#include <bits/pith_socket.h>' >>$(INC)/sys/socket.h
	@echo '#include <bits/pith_fcntl.h>' >>$(INC)/fcntl.h
	@echo '#include <bits/pith_ioctl.h>' >>$(INC)/sys/ioctl.h
	@sed -i "s/^#define PTHREAD_STACK_MIN .*/$$(grep '^#define PTHREAD_STACK_MIN' musl/include/limits.h)/" \
	    $(INC)/limits.h
	@for h in $(KERNEL_HEADERS); do ln -sfn $${h#*:} $(INC)/$${h%%:*}; done
	@touch $@

# libc.a, and the empty archives for programs that are linked with -lm, -lpthread and so on.
MUSL_LIBC   := $(MUSL_BUILD)/libc
MUSL_EMPTY  := $(addprefix lib/lib,$(addsuffix .a,m rt pthread crypt util xnet resolv dl))
LIBC       := $(MUSL_LIB)/libc.a

# Musl's Makefile does not know of these headers: after a change, everything is compiled again.
$(MUSL_LIBC)/config.mak: $(MUSL_SRC).pin musl/config.mak $(wildcard musl/include/*.h) \
    $(CALLS_H) $(CALLS_CASES) $(CALLS_LIBC)
	@rm -rf $(@D)
	@mkdir -p $(@D)
	@cp $(CALLS_H) $(MUSL_BUILD)/include/bits/
	$(call say,CONF    musl)
	@cd $(@D) && CC=gcc CFLAGS=-g $(MUSL_SRC)/configure --prefix=/ --disable-shared --disable-wrapper \
	    >configure.log
	@{ echo 'PITH_MUSL := $(CURDIR)/musl'; echo 'PITH_GEN := $(abspath $(MUSL_BUILD))/include'; \
	    echo 'PITH_WARNINGS := $(WARNINGS)'; echo 'PITH_PATHMAP := $(PATHMAP)'; cat musl/config.mak; } >>$@

$(LIBC): $(MUSL_LIBC)/config.mak $(shell find musl/src -type f) $(LIBOS_NAMES)
	@mkdir -p $(@D)
	$(call say,MAKE    $@ (takes a minute))
	+@$(MAKE) --no-print-directory -s -C $(MUSL_LIBC) -f $(MUSL_SRC)/Makefile lib/libc.a $(MUSL_EMPTY)
	@cp $(MUSL_LIBC)/lib/*.a $(@D)/
	$(Q)$(prefix_names) $@

# The archive for pith cc --allow-missing: one member for each call that Pith does not have, and for each function
# that is refused by its own name.
LIBMISSING   := $(MUSL_LIB)/libpith-missing.a
MISSING_DIR  := $(OBJ)/missing
MISSING_OPTS  = $(LIBOS_CFLAGS) $(LIBOS_SSP) -I$(OBJ)/gen -I$(INCLUDE)/base -I$(INCLUDE)/iface \
    $(LIBOS_INCLUDES)
$(LIBMISSING): $(CALLS_MISSING) $(CALLS_NOTES) musl/missing.c libos/base/log.h mk/musl.mk \
    $(LIBOS_NAMES) | $(MUSL_HEADERS) $(INCLUDE)/base/base $(INCLUDE)/iface/iface
	@mkdir -p $(MISSING_DIR) $(@D)
	$(call say,AR      $@)
	@rm -f $@ $(MISSING_DIR)/*.o
	@{ cat $<; tools/gen-compatibility functions $(CALLS_TBL) $(CALLS_NOTES); } | \
	    xargs -P 2 -I {} $(LIBOS_CC) $(MISSING_OPTS) -DCALL={} -c -o $(MISSING_DIR)/{}.o musl/missing.c
	$(Q)ar rcsD $@ $(MISSING_DIR)/*.o && $(prefix_names) $@

ALL += $(LIBC) $(LIBMISSING)
