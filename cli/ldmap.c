/* SPDX-License-Identifier: MIT
 *
 * ld's map file. Lines that matter:
 *
 * .text           0x0000000000001000     0x1234
 *  .text.main     0x0000000000001000       0x1a main.o
 *  .text.a_name_longer_than_the_column
 *                 0x000000000000101a       0x10 libx.a(member.o)
 *
 * The first word of a line that starts in the first column is an output section, or what comes
 * before the sections, in any language. What is not loaded has the address 0. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldmap.h"

/* The next word at (*at), which is ended with 0; "" where there is none. */
static char *next_word(char **at)
{
    char *word = *at + strspn(*at, " ");
    *at = word + strcspn(word, " ");
    if (**at != '\0')
        *(*at)++ = '\0';
    return word;
}

/* The next line of (*text), which is ended with 0; NULL: there is none. */
static char *next_line(char **text)
{
    char *line = *text;
    if (*line == '\0')
        return NULL;
    *text = line + strcspn(line, "\n");
    if (**text != '\0')
        *(*text)++ = '\0';
    return line;
}

static bool take_number(char **at, uint64_t *n)
{
    char *end, *word = *at + strspn(*at, " ");
    if (strncmp(word, "0x", 2) != 0)
        return false;
    *n = strtoull(word, &end, 16);
    *at = end;
    return true;
}

/* The name of the output section whose line is (line); NULL: it is not loaded, and so has no
 * address. */
static const char *output_section(char **line, char **text)
{
    uint64_t address;
    const char *name = next_word(line);
    if (**line == '\0' && **text == ' ')
        *line = next_line(text);
    return take_number(line, &address) && address != 0 ? name : NULL;
}

static int by_address(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return (x->output > y->output) - (x->output < y->output);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Puts sections in order, ends each where the next starts, and gathers the files. */
static int finish(struct ldmap *m)
{
    struct placed *v = m->placed.v;
    size_t n = m->placed.n, kept = 0;

    if (n > 0)
        qsort(v, n, sizeof(*v), by_address);
    for (size_t i = 0; i < n; i++) {
        struct placed p = v[i];
        if (i + 1 < n && p.size > v[i + 1].address - p.address)
            p.size = v[i + 1].address - p.address;
        if (p.size != 0)
            v[kept++] = p;
    }
    m->placed.n = kept;

    m->files = calloc(kept + 1, sizeof(*m->files));
    if (m->files == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < kept; i++)
        m->files[i] = v[i].file;
    qsort(m->files, kept, sizeof(*m->files), by_text);
    for (size_t i = 0; i < kept; i++)
        if (m->file_count == 0 || strcmp(m->files[m->file_count - 1], m->files[i]) != 0)
            m->files[m->file_count++] = m->files[i];
    return 0;
}

int ldmap_read(struct ldmap *m, char *text)
{
    const char *output = NULL;

    *m = (struct ldmap){.files = NULL};
    for (char *line; (line = next_line(&text)) != NULL;) {
        if (line[0] != ' ' && line[0] != '\0') {
            output = output_section(&line, &text);
            continue;
        }
        if (output == NULL || line[0] != ' ' || line[1] == ' ' || line[1] == '*' || line[1] == '\0')
            continue;
        struct placed p = {.output = output, .section = next_word(&line)};
        if (*line == '\0' && (line = next_line(&text)) == NULL)
            break;
        if (!take_number(&line, &p.address) || !take_number(&line, &p.size) || *line != ' ')
            continue;
        p.file = line + strspn(line, " ");
        if (p.address != 0 && p.size != 0 && *p.file != '\0' &&
            !table_append(&m->placed, &p, 1, sizeof(p)))
            return -ENOMEM;
    }
    return finish(m);
}

size_t ldmap_file(const struct ldmap *m, const char *file)
{
    const char **found = bsearch(&file, m->files, m->file_count, sizeof(*m->files), by_text);
    return found != NULL ? (size_t)(found - m->files) : m->file_count;
}

void ldmap_free(struct ldmap *m)
{
    free(m->placed.v);
    free(m->files);
    *m = (struct ldmap){.files = NULL};
}
