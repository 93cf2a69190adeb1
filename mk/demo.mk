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
PORTS_BUILT := $(abspath $(BUILD))/ports
demo: all | $(SETUP_TEST) ## run nginx as a machine of its own, beside the same nginx on Linux
	+@$(PORTS_MAKE) nginx $(PORTS_BUILT)/nginx/native/.built
	@tools/demo $(OUT) $(BUILD)/ports

.PHONY: bench-net
bench-net: all | $(SETUP_TEST) ## measure servers over a network against the same servers on Linux; NET=CASE: some of them
	+@$(PORTS_MAKE) nginx iperf3 $(foreach p,nginx/native redis/native redis/fast iperf3/native,$(PORTS_BUILT)/$p/.built)
	@PITH_OUT=$(abspath $(OUT)) PITH_PORTS=$(abspath $(BUILD))/ports bench/net $(NET)

bench: all $(LAUNCH) $(TEST)/bin/segments | $(SETUP_TEST) $(TEST)/kernel ## measure every budget of bench/budgets.txt against its limit
	+@$(PORTS_MAKE) sqlite native
	@PITH_OUT=$(abspath $(OUT)) PITH_PORTS=$(abspath $(BUILD))/ports LAUNCH=$(abspath $(LAUNCH)) \
	    SEGMENTS=$(abspath $(TEST))/bin/segments \
	    PITH_TEST_KERNEL=$(abspath $(TEST))/kernel bench/measure budgets bench/budgets.txt

.PHONY: bench-kvm
bench-kvm: all | $(SETUP_TEST) $(TEST)/kernel ## measure a machine under KVM against KVM's own cost
	@PITH_OUT=$(abspath $(OUT)) PITH_TEST_KERNEL=$(abspath $(TEST))/kernel bench/measure kvm_life show

bench-boot: all | $(SETUP_TEST) ## print the instructions of every stage of the boot of a bare image
	@PITH_OUT=$(abspath $(OUT)) bench/measure boot 32M
