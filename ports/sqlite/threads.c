/* SPDX-License-Identifier: MIT
 *
 * Runs tests of SQLite's threadtest3, whose times are fixed and long, for a time of the caller's:
 *
 *   threads MILLISECONDS TEST...
 *
 * Ends with 1 if one found an error, and prints how many. */
#define main threadtest3_main
#include "threadtest3.c"
#undef main

static const struct {
    const char *name;
    void (*run)(int milliseconds);
} tests[] = {
    {"walthread1", walthread1},
    {"walthread2", walthread2},
    {"walthread3", walthread3},
    {"walthread4", walthread4},
    {"walthread5", walthread5},
    {"cgt_pager_1", cgt_pager_1},
    {"dynamic_triggers", dynamic_triggers},
    {"checkpoint_starvation_1", checkpoint_starvation_1},
    {"checkpoint_starvation_2", checkpoint_starvation_2},
    {"create_drop_index_1", create_drop_index_1},
    {"lookaside1", lookaside1},
    {"vacuum1", vacuum1},
    {"stress1", stress1},
    {"stress2", stress2},
    {"shared1", shared1},
};

int main(int argc, char **argv)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    for (int i = 2; i < argc; i++) {
        size_t t = 0;
        while (t < sizeof tests / sizeof *tests && strcmp(tests[t].name, argv[i]) != 0)
            t++;
        if (t == sizeof tests / sizeof *tests) {
            printf("no test %s\n", argv[i]);
            return 2;
        }
        tests[t].run(atoi(argv[1]));
    }
    printf("%d errors in %d tests\n", nGlobalErr, argc - 2);
    return nGlobalErr != 0;
}
