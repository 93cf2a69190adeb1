# SPDX-License-Identifier: MIT
#
# Builds Pith. "make help" lists the targets. Everything made goes to $(BUILD); $(OUT) below it has the
# shape of an installation, so that the tools run from there as they do once installed.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDEXPANSION:
MAKEFLAGS += --no-builtin-rules

# One job a core, unless the caller chose; a make below this one takes its jobs from it.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
SOURCES ?= .sources
OUT     := $(BUILD)/out
OBJ     := $(BUILD)/obj
SYSROOT := $(OUT)/lib/pith

VERSION := 0.1.0

include mk/rules.mk
include mk/setup.mk
include $(sort $(wildcard */module.mk */*/module.mk */*/*/module.mk))
include mk/musl.mk
include mk/libos.mk
include mk/host.mk
include mk/test.mk
include mk/test-system.mk
include mk/demo.mk
include mk/install.mk

.PHONY: all clean distclean help
all: $(ALL) ## build everything into build/out

clean: ## remove what was built; fetched sources stay
	rm -rf $(BUILD)
	$(MAKE) --no-print-directory -C ports clean PORTS_BUILD=$(abspath $(BUILD))/ports

distclean: clean ## also remove the fetched sources
	rm -rf $(SOURCES)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile mk/*.mk
