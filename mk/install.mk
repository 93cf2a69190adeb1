# SPDX-License-Identifier: MIT

.PHONY: install
install: all ## install to PREFIX (/usr/local)
	mkdir -p $(DESTDIR)$(PREFIX)
	cp -a $(OUT)/. $(DESTDIR)$(PREFIX)/
