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

bench: all $(LAUNCH) | $(SETUP_TEST) $(TEST)/kernel ## measure every budget of bench/budgets.txt against its limit
	+@$(PORTS_MAKE) sqlite native
	@PITH_OUT=$(abspath $(OUT)) PITH_PORTS=$(abspath $(BUILD))/ports LAUNCH=$(abspath $(LAUNCH)) \
	    PITH_TEST_KERNEL=$(abspath $(TEST))/kernel bench/measure budgets bench/budgets.txt

.PHONY: bench-kvm
bench-kvm: all | $(SETUP_TEST) $(TEST)/kernel ## measure a machine under KVM against KVM's own cost
	@PITH_OUT=$(abspath $(OUT)) PITH_TEST_KERNEL=$(abspath $(TEST))/kernel bench/measure kvm_life show

bench-boot: all | $(SETUP_TEST) ## print the instructions of every stage of the boot of a bare image
	@PITH_OUT=$(abspath $(OUT)) bench/measure boot 32M
