# SPDX-License-Identifier: MIT
#
# Prints what the heads of test sources say as assignments for make: for a line " * uses: mm base" of
# tests/unit/test_page.c "test_page.uses+=:mm:base". Colons stand for spaces: make's $(shell) splits at those.
FNR == 1 {
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.c$/, "", name)
    head = 1
}
head && /^ \* (sources|uses|cflags|ldflags):/ {
    key = $2
    sub(/:$/, "", key)
    line = name "." key "+="
    for (i = 3; i <= NF && $i != "*/"; i++)
        line = line ":" $i
    print line
}
/\*\// { head = 0 } # the head ends with the first comment
