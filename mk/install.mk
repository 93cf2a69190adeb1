# SPDX-License-Identifier: MIT

.PHONY: install
install: all ## install to PREFIX (/usr/local)
	$(call say,INSTALL $(DESTDIR)$(PREFIX))
	@mkdir -p $(DESTDIR)$(PREFIX)
	$(Q)cp -R -P --preserve=mode,timestamps,links $(OUT)/. $(DESTDIR)$(PREFIX)/
