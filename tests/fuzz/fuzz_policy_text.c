/* SPDX-License-Identifier: MIT
 *
 * Texts of policies. What is accepted must compile to a sound policy, and print as a text that compiles to the
 * same. The input, cut in two, are two policies; what both permit must be sound, and no wider than either.
 *
 * sources: cli/policy.c cli/policy_parse.c cli/fault.c
 * uses:    cli abi */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(bool what)
{
    if (!what)
        abort();
}

/* The same but for the lines that rules and kinds come from. */
static void clear_lines(struct policy *p)
{
    p->head.memory_line = p->head.devices_line = 0;
    memset(p->head.kind_line, 0, sizeof(p->head.kind_line));
    for (const struct pith_policy_net *r = policy_rule(&p->head, NULL); r;
         r = policy_rule(&p->head, r))
        ((struct pith_policy_net *)(uintptr_t)r)->line = 0;
}

static char *print(const struct policy *p, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    policy_print(out, p);
    fclose(out);
    return text;
}

/* Printing sorts rules by kind, so the text of a second round is what must be the same. */
static void round_trip(const struct policy *p)
{
    struct policy again;
    struct fault f;
    size_t len, again_len;
    char *text = print(p, &len);
    check(policy_parse("printed", text, len, &again, &f) == 0);
    check(again.head.size == p->head.size && again.head.any == p->head.any &&
          again.head.memory_max == p->head.memory_max && again.head.devices == p->head.devices);
    clear_lines(&again);
    char *text2 = print(&again, &again_len);
    check(len == again_len && memcmp(text, text2, len) == 0);
    free(text);
    free(text2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct policy a, b, both;
    struct fault f;
    const char *text = (const char *)bytes;
    size_t half = len / 2;

    if (policy_parse("fuzz", text, half, &a, &f) != 0)
        return 0;
    check(policy_sound(&a.head, sizeof(a)));
    round_trip(&a);
    if (policy_parse("fuzz", text + half, len - half, &b, &f) != 0)
        return 0;
    if (policy_narrow(&both, &a, &b)) {
        FILE *none = fopen("/dev/null", "w");
        check(policy_sound(&both.head, sizeof(both)));
        check(policy_tell_wider(none, "fuzz", &a, &both) == 0);
        check(policy_tell_wider(none, "fuzz", &b, &both) == 0);
        fclose(none);
    }
    return 0;
}
