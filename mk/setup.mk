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
