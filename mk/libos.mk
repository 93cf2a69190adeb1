# SPDX-License-Identifier: MIT
#
# The library OS: every module below libos/ goes into libpith.a, one object per source, each compiled
# against musl's headers and those of the modules that it may use.

LIBOS_MODULES := base arch iface policy plat bare mm thread time random virtio block vfs tty rom ram dev proc sock unix wire ip icmp link udp dhcp tcp raw inet posix init

# On top of the modules: abi/ is dual use and has no objects.
abi.dir   := abi
abi.src   :=
abi.uses  :=
iface.dir  := libos/iface
iface.src  :=
iface.uses := base

LIBOS_CC     := gcc
LIBOS_CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g $(WARNINGS) $(PATHMAP) \
    -ffreestanding -fbuiltin -fno-strict-aliasing -fPIE -ffunction-sections -fdata-sections \
    -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-plt -fcf-protection=none \
    -fno-align-functions -fno-align-jumps -fno-align-loops -fno-align-labels

# The stack protector's canary exists only once the thread pointer is set.
LIBOS_SSP := -fstack-protector-strong
plat.ssp  := -fno-stack-protector
arch.ssp  := -fno-stack-protector
init.ssp  := -fno-stack-protector

# Small rather than fast: what every image has, and what programs call seldom or where more is at stake than
# instructions. So are whole modules, in their module.mk.
LIBOS_SMALL := base/log vfs/fd vfs/fd_alloc vfs/lock vfs/text vfs/tree \
    $(addprefix posix/,ioctl adjtime file ids inotify ipc itimer kcmp limits mapping memfd mqnotify mqueue msg \
        numa path process remap sched sem shm sockopt splice system timers transfer ustat xattr) \
    $(addprefix net/inet/,errors etc exit filter group interface name netlink netlink_watch option packet permit permit_ip procnet raw rtnetlink rtnetlink_set sockfilter) \
    $(addprefix net/ip/,lifetime names reassembly start) \
    $(addprefix net/,link/listener link/ndp link/slaac sock/option tcp/info tcp/isn unix/log unix/name wire/domains)

# For pith_calls.h, the prototypes of all pith_sys_NAME (mk/musl.mk). Two calls with equal bodies stay two symbols, each
# linked for itself.
posix.cflags := -I$(OBJ)/gen -fno-ipa-icf -DPITH_VERSION='"$(VERSION)"'

LIBPITH := $(SYSROOT)/lib/libpith.a
LIBOS_OBJECTS := $(foreach m,$(LIBOS_MODULES),$(call module_objects,$m))

# The gcc that compiles supplies stdarg.h and its like; everything else is musl's.
# Asked only when first used: before, gcc may have to be installed.
LIBOS_INCLUDES = $(eval LIBOS_INCLUDES := -nostdinc -isystem $(SYSROOT)/include \
    -isystem $(shell $(LIBOS_CC) -print-file-name=include))$(LIBOS_INCLUDES)

define libos_module
$(call module_objects,$1): | $(call module_links,$1) $(MUSL_HEADERS) $(CALLS_H) $(SETUP_BUILD)
$(OBJ)/$($1.dir)/%.o: $($1.dir)/%.c
	@mkdir -p $$(@D)
	$$(call say,CC      $$<)
	$(Q)$(LIBOS_CC) $(LIBOS_CFLAGS) $(or $($1.ssp),$(LIBOS_SSP)) $($1.cflags) \
	    $$(if $$(filter $$(<:libos/%.c=%),$(LIBOS_SMALL)),-Os) \
	    $(call module_includes,$1) $$(LIBOS_INCLUDES) -MMD -MP -c -o $$@ $$<
$(OBJ)/$($1.dir)/%.o: $($1.dir)/%.S
	@mkdir -p $$(@D)
	$$(call say,AS      $$<)
	$(Q)$(LIBOS_CC) -g $(PATHMAP) $(call module_includes,$1) $$(LIBOS_INCLUDES) -MMD -MP -c -o $$@ $$<
endef
$(foreach m,$(LIBOS_MODULES),$(if $($m.src),$(eval $(call libos_module,$m))))

# The library OS's names that a program may have too get the prefix pith_ in what is installed, and so do libc's
# references to them (docs/decisions/0032-prefixed-names.md). $(LIBOS_NAMES) has a line "NAME pith_NAME" for each;
# where they are the same as before it keeps its time, as libc.a depends on it.
$(LIBOS_NAMES).stamp: $(LIBOS_OBJECTS) mk/libos.mk
	@mkdir -p $(@D)
	@nm -g $(LIBOS_OBJECTS) | awk 'NF > 1 && $$(NF-1) ~ /^[A-TV-Zvw]$$/ && $$NF !~ /^(pith)?_/ { print $$NF, "pith_" $$NF }' | \
	    sort -u >$(LIBOS_NAMES).new
	@cmp -s $(LIBOS_NAMES).new $(LIBOS_NAMES) && rm $(LIBOS_NAMES).new || mv $(LIBOS_NAMES).new $(LIBOS_NAMES)
	@touch $@
$(LIBOS_NAMES): $(LIBOS_NAMES).stamp ;
prefix_names = objcopy -D --redefine-syms=$(LIBOS_NAMES)

# Members are called by their place, "net-tcp-ack.o": more than one file is called clock.c.
LIBPITH_MEMBERS := $(OBJ)/libpith
$(LIBPITH): $(LIBOS_OBJECTS) $(LIBOS_NAMES) mk/libos.mk
	@mkdir -p $(@D)
	$(call say,AR      $@)
	@rm -rf $@ $@.new $(LIBPITH_MEMBERS) && mkdir $(LIBPITH_MEMBERS)
	@$(foreach o,$(LIBOS_OBJECTS),ln $o $(LIBPITH_MEMBERS)/$(subst /,-,$(o:$(OBJ)/libos/%=%)) &&) :
	$(Q)cd $(LIBPITH_MEMBERS) && ar rcsD $(abspath $@.new) $(subst /,-,$(LIBOS_OBJECTS:$(OBJ)/libos/%=%))
	$(Q)$(prefix_names) $@.new $@ && rm -r $@.new $(LIBPITH_MEMBERS)

# The hosted entry point, linked first into every image.
CRT1 := $(SYSROOT)/lib/crt1.o
$(CRT1): $(OBJ)/libos/plat/hosted/crt1.o $(LIBOS_NAMES)
	@mkdir -p $(@D)
	$(Q)$(prefix_names) $< $@

# Headers of the library OS's own functions.
PITH_HEADERS := $(patsubst include/%,$(SYSROOT)/include/%,$(wildcard include/pith/*.h))
$(PITH_HEADERS): $(SYSROOT)/include/%: include/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

ALL += $(LIBPITH) $(CRT1) $(PITH_HEADERS)
-include $(LIBOS_OBJECTS:.o=.d)
