# SPDX-License-Identifier: MIT
#
# Unit tests (tests/unit/test_*.c) and fuzzers (tests/fuzz/fuzz_*.c): programs of the host, each made of its
# own source and of those parts of the tree that its head names, in lines such as
#      * sources: libos/mm/page.c tests/unit/fake_plat.c
#      * uses:    mm base
#      * cflags:  -DSOMETHING          (optional; of all its sources)
#      * ldflags: -Wl,--wrap=malloc    (optional)
# "uses" names the modules whose headers it and its sources may include; base and iface always are.
#
# A check-NAME target ends well even when tests fail, and leaves "passed failed skipped" in
# $(BUILD)/test/NAME.result; tools/test-summary adds these up, and fails when one did.

TEST := $(BUILD)/test

UNIT_TESTS := $(basename $(notdir $(wildcard tests/unit/test_*.c)))
FUZZERS    := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
# Which of them check-unit and check-fuzz run, as in ONLY=test_page.
ONLY ?= %

# TCP without its glue to IP: what its tests are made of.
TCP_TEST = $(addprefix libos/net/tcp/,$(filter-out glue.c,$(tcp.src))) libos/net/wire/pkt.c

# The lines of the heads, as assignments NAME.sources, NAME.uses ... A colon stands for a space here.
test_heads := $(if $(UNIT_TESTS)$(FUZZERS),$(shell awk -f tools/test-heads.awk \
    $(wildcard tests/unit/test_*.c tests/fuzz/fuzz_*.c) bench/memory.c \
    bench/segments.c))
$(foreach h,$(test_heads),$(eval $(subst :, ,$h)))

TEST_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer $(WARNINGS)
SANITIZE    := -fsanitize=address,undefined -fno-sanitize-recover=undefined

test_modules  = $(sort base iface $($1.uses))
test_includes = $(foreach m,$(call test_modules,$1),-I$(INCLUDE)/$m) -Itests/unit -I$(OBJ)/gen
test_objects  = $(patsubst %.c,$(TEST)/obj/$1/%.o,$2 $($1.sources))

# $(call test_program,NAME,SOURCE,COMPILER,FLAGS,LIBRARIES)
define test_program
$(call test_objects,$1,$2): $(TEST)/obj/$1/%.o: %.c | $(SETUP_TEST) $(SETUP_BUILD) \
        $(foreach m,$(call test_modules,$1),$(INCLUDE)/$m/$m) $(if $(filter posix,$($1.uses)),$(CALLS_H))
	@mkdir -p $$(@D)
	$$(call say,CC      $$< ($1))
	$(Q)$3 $(TEST_CFLAGS) $4 $($1.cflags) $(call test_includes,$1) -MMD -MP -c -o $$@ $$<
$(TEST)/bin/$1: $(call test_objects,$1,$2)
	@mkdir -p $$(@D)
	$$(call say,LD      $$@)
	$(Q)$3 $4 $($1.ldflags) -o $$@ $$^ $5
-include $(patsubst %.o,%.d,$(call test_objects,$1,$2))
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call \
    test_program,$t,tests/unit/$t.c,gcc,$(SANITIZE),-lcmocka)))
$(foreach t,$(FUZZERS),$(eval $(call \
    test_program,$t,tests/fuzz/$t.c,clang,-fsanitize=fuzzer $(SANITIZE))))

$(eval $(call test_program,memory,bench/memory.c,gcc,-O2))
$(eval $(call test_program,segments,bench/segments.c,gcc,-O2))

# One run of a test program each, every time.
UNIT_RESULTS := $(patsubst %,$(TEST)/unit/%.result,$(filter $(ONLY),$(UNIT_TESTS)))
FUZZ_RESULTS := $(patsubst %,$(TEST)/fuzz/%.result,$(filter $(ONLY),$(FUZZERS)))
.PHONY: always
always:

$(TEST)/unit/%.result: $(TEST)/bin/% always
	@mkdir -p $(@D)
	@tools/test-unit $< $@

FUZZ_SECONDS ?= 600
$(TEST)/fuzz/%.result: $(TEST)/bin/% always
	@mkdir -p $(@D)
	@tools/test-fuzz $< $@ $(if $(filter fuzz,$(MAKECMDGOALS)),$(FUZZ_SECONDS),10)

.PHONY: check-unit check-fuzz fuzz
check-unit: $(UNIT_RESULTS) ## run the unit tests; ONLY=test_NAME: one of them
	@mkdir -p $(TEST)
	@tools/test-summary --into $(TEST)/unit.result $^

check-fuzz: $(FUZZ_RESULTS) ## run each fuzzer for ten seconds
	@mkdir -p $(TEST)
	@tools/test-summary --into $(TEST)/fuzz.result $^

fuzz: $(FUZZ_RESULTS) ## run each fuzzer for FUZZ_SECONDS (600); findings stay in build/test/fuzz
	@tools/test-summary $^

.PHONY: bench-memory
bench-memory: $(TEST)/bin/memory ## measure the memory manager in instructions (needs valgrind)
	@tools/bench-memory $<

LWIP ?=
.PHONY: bench-tcp
bench-tcp: $(TEST)/bin/segments ## measure TCP in instructions (needs valgrind); LWIP=FOLDER: beside lwIP of that source
	@tools/bench-tcp $< $(LWIP)
