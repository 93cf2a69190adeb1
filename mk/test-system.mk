# SPDX-License-Identifier: MIT
#
# Tests of real images: tests/system, and those of the ports (ports/*/test_*.py). "make test" is all tests;
# its last line is "N passed, N failed, N skipped". It prepares what it needs: packages, sources, build.

# TESTS: what check-system runs, for example TESTS=tests/system/test_calls.py
TESTS ?= tests/system

# Without it the tests of the nested machine are skipped, and say so.
$(TEST)/kernel: | $(SETUP_TEST)
	$(call say,FETCH   the kernel of the nested machine)
	@mkdir -p $(@D)
	@tools/fetch-kernel $@ || true

.PHONY: check-system check-lto check-ports check-posix test
check-system: all | $(SETUP_TEST) $(TEST)/kernel ## run the system tests; TESTS=FILE: some of them; PYTEST_ARGS=...
	@PITH_OUT=$(abspath $(OUT)) PITH_TEST_KERNEL=$(abspath $(TEST))/kernel \
	    tools/test-pytest $(TEST)/system.result $(TESTS)

# The programs of the tests optimised as a whole.
check-lto: export PITH_TEST_FLAGS := --lto
check-lto: check-system ## run the system tests with pith cc --lto

check-ports: all | $(SETUP_TEST) ## build and test the ports: Lua, memcached, Redis, SQLite
	+@$(PORTS_MAKE) all native || true
	@PITH_OUT=$(abspath $(OUT)) PITH_PORTS=$(abspath $(BUILD))/ports \
	    tools/test-pytest $(TEST)/ports.result ports

check-posix: export PITH_POSIX := all
check-posix: all | $(SETUP_TEST) ## run the whole of the Open POSIX Test Suite, of which check-ports runs a part
	+@$(PORTS_MAKE) whole
	@PITH_OUT=$(abspath $(OUT)) PITH_PORTS=$(abspath $(BUILD))/ports \
	    tools/test-pytest $(TEST)/posix.result ports/posixtestsuite

# One after the other, so that their outputs do not mix; a check that could not run at all counts as failed.
# Each make starts afresh but for the variables of the command line.
CHECKS := unit fuzz system ports
test: all | $(SETUP_TEST) ## run all tests; the last line is the sum
	@mkdir -p $(TEST)
	@rm -f $(CHECKS:%=$(TEST)/%.result)
	+@for check in $(CHECKS); do \
	    echo "== check-$$check"; \
	    env -u MAKEFLAGS -u MFLAGS $(MAKE) --no-print-directory $(MAKEOVERRIDES) check-$$check || echo 0 1 0 >$(TEST)/$$check.result; \
	done
	@tools/test-summary $(CHECKS:%=$(TEST)/%.result)
