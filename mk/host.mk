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
	$(HOST_CC) $(HOST_CFLAGS) $($1.cflags) $(call module_includes,$1) -MMD -MP -c -o $$@ $$<
$(OBJ)/$($1.dir)/%.o: $($1.dir)/%.S
	@mkdir -p $$(@D)
	$(HOST_CC) -g $(PATHMAP) $(call module_includes,$1) -MMD -MP -c -o $$@ $$<
endef
$(foreach m,$(MONITOR_MODULES) $(CLI_MODULES),$(if $($m.src),$(eval $(call host_module,$m))))

MONITOR := $(OUT)/libexec/pith/pith-monitor
MONITOR_OBJECTS := $(foreach m,$(MONITOR_MODULES),$(call module_objects,$m))
$(MONITOR): $(MONITOR_OBJECTS)
	@mkdir -p $(@D)
	$(HOST_CC) $(MONITOR_LDFLAGS) -Wl,--gc-sections -o $@ $^

PITH := $(OUT)/bin/pith
CLI_OBJECTS := $(foreach m,$(CLI_MODULES),$(call module_objects,$m))
$(PITH): $(CLI_OBJECTS)
	@mkdir -p $(@D)
	$(HOST_CC) -static -Wl,--gc-sections -o $@ $^

$(OUT)/bin/pith-cc: $(PITH)
	ln -sf pith $@

ALL += $(MONITOR) $(PITH) $(OUT)/bin/pith-cc
-include $(MONITOR_OBJECTS:.o=.d) $(CLI_OBJECTS:.o=.d)
