# SPDX-License-Identifier: MIT
#
# "make demo" and "make bench": both build what they need first, ports included.

LAUNCH := $(BUILD)/bench/launch
$(LAUNCH): bench/launch.c | $(SETUP_BUILD)
	@mkdir -p $(@D)
	gcc -std=gnu11 -O2 $(WARNINGS) -o $@ $<

PORTS_MAKE = $(MAKE) --no-print-directory -C ports PITH_OUT=$(abspath $(OUT)) \
    PORTS_BUILD=$(abspath $(BUILD))/ports SOURCES=$(abspath $(SOURCES))

.PHONY: demo bench bench-boot
demo: all $(LAUNCH) | $(SETUP_TEST) ## run SQLite as a machine of its own, and check its answers
	+@$(PORTS_MAKE) sqlite
	@tools/demo $(OUT) $(BUILD)/ports $(LAUNCH)

bench: all $(LAUNCH) | $(SETUP_TEST) ## measure every budget of bench/budgets.txt against its limit
	+@$(PORTS_MAKE) sqlite native
	@PITH_OUT=$(abspath $(OUT)) PITH_PORTS=$(abspath $(BUILD))/ports LAUNCH=$(abspath $(LAUNCH)) \
	    bench/measure budgets bench/budgets.txt

BAREVM := $(BUILD)/bench/barevm
$(BAREVM): bench/barevm.c | $(SETUP_BUILD)
	@mkdir -p $(@D)
	$(HOST_CC) -static -std=gnu11 -O2 $(WARNINGS) -idirafter /usr/include \
	    -idirafter /usr/include/x86_64-linux-gnu -o $@ $<

.PHONY: bench-kvm
bench-kvm: all $(LAUNCH) $(BAREVM) ## measure a machine under KVM against KVM's own cost (microseconds)
	@$(OUT)/bin/pith-cc -O2 -o $(BUILD)/bench/hello examples/hello.c
	@echo "In this order: bare machine; the same set up and run once; image under KVM; image as a process"
	@$(LAUNCH) 100 $(BAREVM) -- $(BAREVM) set -- $(OUT)/bin/pith run --on kvm $(BUILD)/bench/hello \
	    -- $(OUT)/bin/pith run --on process $(BUILD)/bench/hello

bench-boot: all | $(SETUP_TEST) ## print the instructions of every stage of the boot of a bare image
	@PITH_OUT=$(abspath $(OUT)) bench/measure boot 32M
