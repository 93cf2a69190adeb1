/* SPDX-License-Identifier: MIT
 *
 * Runs the tests of memcached's testapp that are named on the command line, in this process; without
 * names lists all. Prints a line for each, "ok NAME" or "not ok NAME", and ends with 1 if one failed.
 */
#define main testapp_main
#include "testapp.c"
#undef main

static const struct testcase *find(const char *name)
{
    for (const struct testcase *t = testcases; t->description; t++)
        if (strcmp(t->description, name) == 0)
            return t;
    fprintf(stderr, "testapp has no test %s\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    int status = 0;
    hash = jenkins_hash;
    stats_prefix_init(':');
    crc32c_init();
    for (const struct testcase *t = testcases; argc < 2 && t->description; t++)
        puts(t->description);
    for (int i = 1; i < argc; i++) {
        bool passed = find(argv[i])->function() == TEST_PASS;
        printf("%s %s\n", passed ? "ok" : "not ok", argv[i]);
        fflush(stdout);
        status |= !passed;
    }
    return status;
}
