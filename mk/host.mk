# SPDX-License-Identifier: MIT
#
# The programs that run on the host: pith and the monitor, static executables made with Debian's musl.

HOST_CC     := musl-gcc
HOST_CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g $(WARNINGS) $(PATHMAP) -fPIE -fno-omit-frame-pointer \
    -fstack-protector-strong -ffunction-sections -fdata-sections -idirafter /usr/include \
    -idirafter /usr/include/x86_64-linux-gnu -DPITH_VERSION='"$(VERSION)"'

define host_module
$(call module_objects,$1): | $(call module_links,$1) $(SETUP_BUILD)
$(OBJ)/$($1.dir)/%.o: $($1.dir)/%.c
	@mkdir -p $$(@D)
	$$(call say,CC      $$<)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) $($1.cflags) $(call module_includes,$1) -MMD -MP -c -o $$@ $$<
$(OBJ)/$($1.dir)/%.o: $($1.dir)/%.S
	@mkdir -p $$(@D)
	$$(call say,AS      $$<)
	$(Q)$(HOST_CC) -g $(PATHMAP) $(call module_includes,$1) -MMD -MP -c -o $$@ $$<
endef
$(foreach m,$(MONITOR_MODULES) $(CLI_MODULES),$(if $($m.src),$(eval $(call host_module,$m))))

MONITOR := $(OUT)/libexec/pith/pith-monitor
MONITOR_OBJECTS := $(foreach m,$(MONITOR_MODULES),$(call module_objects,$m))
$(MONITOR): $(MONITOR_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LD      $@)
	$(Q)$(HOST_CC) $(MONITOR_LDFLAGS) -Wl,--gc-sections -o $@ $^

# What images are linked from besides the program, for their bills of materials.
CC_PARTS := $(SYSROOT)/lib/components
$(CC_PARTS): $(LIBPITH) $(MUSL_LIB)/libc.a $(MUSL_PIN) mk/host.mk
	@hash() { sha256sum "$$1" | cut -d ' ' -f 1; }; pin() { awk -v key="$$1" '$$1 == key { print $$2; exit }' $(MUSL_PIN); }; \
	    { echo "pith@$(VERSION),sha256=$$(hash $(LIBPITH)),license=MIT"; \
	      echo "musl@$$(pin version),sha256=$$(hash $(MUSL_LIB)/libc.a),source=$$(pin sha256),purl=pkg:deb/debian/musl@$$(pin version)?arch=source,license=MIT"; } >$@.new
	@mv $@.new $@
ALL += $(CC_PARTS)

# The services of the library OS, for the pith command.
SERVICES_TABLE := $(OBJ)/gen/services_table.h
$(SERVICES_TABLE): libos/services.tbl tools/gen-services
	@mkdir -p $(@D)
	@tools/gen-services $< >$@.new && mv $@.new $@
$(OBJ)/cli/services.o: $(SERVICES_TABLE)

# The page that pith inspect writes, with its script in the order of what needs what.
PAGE_FILES := $(addprefix cli/page/,page.html page.css data.js figures.js layout.js sizes.js find.js graph.js)
PAGE := $(OBJ)/gen/page.h
$(PAGE): $(PAGE_FILES) tools/gen-page
	@mkdir -p $(@D)
	@tools/gen-page $(PAGE_FILES) >$@.new && mv $@.new $@
$(OBJ)/cli/inspect_html.o: $(PAGE)

# Users start the monitor as pith; what is not "pith run" it leaves to pith-cli.
CLI := $(OUT)/libexec/pith/pith-cli
CLI_OBJECTS := $(foreach m,$(CLI_MODULES),$(call module_objects,$m))
$(CLI): $(CLI_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LD      $@)
	$(Q)$(HOST_CC) -static -Wl,--gc-sections -o $@ $^

PITH := $(OUT)/bin/pith
$(PITH): $(MONITOR)
	@mkdir -p $(@D)
	$(Q)ln -sf ../libexec/pith/pith-monitor $@

$(OUT)/bin/pith-cc: $(CLI)
	@mkdir -p $(@D)
	$(Q)ln -sf ../libexec/pith/pith-cli $@

# gcc and clang find this as their linker, because pith cc says so with -B.
$(OUT)/libexec/pith/ld: $(CLI)
	@mkdir -p $(@D)
	$(Q)ln -sf pith-cli $@

# What pith cc links and passes to gcc besides libc.a and libpith.a: the Pith note in its variants, the
# linker script, the compiler specification.
CC_NOTES := $(addprefix $(SYSROOT)/lib/,note.o note-bare.o note-conftest.o)
CC_NOTE_POLICY := $(SYSROOT)/lib/note-policy.o
$(SYSROOT)/lib/note.o: NOTE_FLAGS := PITH_NOTE_HOSTED
$(SYSROOT)/lib/note-conftest.o: NOTE_FLAGS := PITH_NOTE_HOSTED|PITH_NOTE_CONFTEST
$(SYSROOT)/lib/note-bare.o: NOTE_FLAGS := 0
$(CC_NOTES): libos/plat/hosted/note.c abi/image.h abi/boot.h | $(call module_links,plat) \
    $(MUSL_HEADERS) $(SETUP_BUILD)
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(LIBOS_CC) $(LIBOS_CFLAGS) -DNOTE_FLAGS='($(NOTE_FLAGS))' $(call module_includes,plat) \
	    $(LIBOS_INCLUDES) -c -o $@ $<

$(CC_NOTE_POLICY): libos/plat/hosted/note_policy.c abi/image.h abi/policy.h | $(call module_links,plat) \
    $(MUSL_HEADERS) $(SETUP_BUILD)
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(LIBOS_CC) $(LIBOS_CFLAGS) $(call module_includes,plat) $(LIBOS_INCLUDES) -c -o $@ $<

# What pith cc links in place of a part of printf.
CC_PRINTF := $(SYSROOT)/lib/printf-integers.o
$(CC_PRINTF): musl/printf_integers.c libos/iface/plat.h $(LIBOS_NAMES) | $(call module_links,plat) $(MUSL_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(LIBOS_CC) $(LIBOS_CFLAGS) $(call module_includes,plat) $(LIBOS_INCLUDES) -c -o $@ $< && \
	    $(prefix_names) $@

CC_FILES := $(addprefix $(SYSROOT)/lib/,image.ld image-hosted.ld gcc.specs)
$(SYSROOT)/lib/image.ld: libos/arch/x86_64/image.ld
$(SYSROOT)/lib/image-hosted.ld: libos/arch/x86_64/image.ld
	@mkdir -p $(@D)
	$(Q)sed '/bare only \*\/$$/d' $< >$@
$(SYSROOT)/lib/gcc.specs: cli/gcc.specs
$(filter-out %/image-hosted.ld,$(CC_FILES)):
	@mkdir -p $(@D)
	$(Q)cp $< $@

MAN_PAGES := $(patsubst docs/%,$(OUT)/share/%,$(wildcard docs/man/*.1))
MAN_PAGES := $(subst /share/man/,/share/man/man1/,$(MAN_PAGES))
$(OUT)/share/man/man1/%.1: docs/man/%.1
	@mkdir -p $(@D)
	$(Q)cp $< $@

CLI_FILES := $(CLI) $(PITH) $(OUT)/bin/pith-cc $(OUT)/libexec/pith/ld $(CC_NOTES) $(CC_NOTE_POLICY) $(CC_PRINTF) $(CC_FILES) $(MAN_PAGES)
.PHONY: cli
cli: $(CLI_FILES)

ALL += $(MONITOR) $(CLI_FILES)
-include $(MONITOR_OBJECTS:.o=.d) $(CLI_OBJECTS:.o=.d)
