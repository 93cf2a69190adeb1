# SPDX-License-Identifier: MIT
#
# Debian's packages that a target needs are installed when missing: mk/packages-build for building,
# mk/packages-test for the tests and the demo.

SETUP_BUILD := $(BUILD)/.setup-build
SETUP_TEST  := $(BUILD)/.setup-test

$(BUILD)/.setup-%: mk/packages-% tools/setup
	tools/setup mk/packages-$*
	@mkdir -p $(@D)
	@touch $@

# As included files they are made first of all, and make starts again: nothing below runs, not even to ask
# gcc for a folder, before the packages are there.
ifneq ($(filter-out help clean distclean,$(or $(MAKECMDGOALS),all)),)
include $(SETUP_BUILD)
endif
ifneq ($(filter test check-% demo bench% fuzz,$(MAKECMDGOALS)),)
include $(SETUP_TEST)
endif
