/* SPDX-License-Identifier: MIT
 *
 * Tables of mounted file systems (/etc/fstab, /proc/mounts): lines of up to six fields between
 * blanks. musl 1.2.3 wrote to wherever its stack said when fields were missing. */
#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANK " \t\n"

FILE *setmntent(const char *name, const char *mode)
{
    return fopen(name, mode);
}

int endmntent(FILE *f)
{
    if (f)
        fclose(f);
    return 1;
}

/* Cuts the next field off *rest. Without one: an empty string. */
static char *field(char **rest)
{
    char *start = *rest + strspn(*rest, BLANK);

    *rest = start + strcspn(start, BLANK);
    if (**rest)
        *(*rest)++ = '\0';
    return start;
}

/* Whether (line) names something; then the fields of (mnt) point into it. */
static int parse(char *line, struct mntent *mnt)
{
    mnt->mnt_fsname = field(&line);
    mnt->mnt_dir = field(&line);
    mnt->mnt_type = field(&line);
    mnt->mnt_opts = field(&line);
    mnt->mnt_freq = atoi(field(&line));
    mnt->mnt_passno = atoi(field(&line));
    return mnt->mnt_fsname[0] && mnt->mnt_fsname[0] != '#';
}

struct mntent *getmntent_r(FILE *f, struct mntent *mnt, char *line, int size)
{
    while (fgets(line, size, f)) {
        int c;
        if (!strchr(line, '\n') && (c = getc(f)) != EOF) {
            /* The rest of the line must not be taken for another. */
            while (c != EOF && c != '\n')
                c = getc(f);
            errno = ERANGE;
            return NULL;
        }
        if (parse(line, mnt))
            return mnt;
    }
    return NULL;
}

struct mntent *getmntent(FILE *f)
{
    static struct mntent mnt;
    static char *line;
    static size_t size;

    while (getline(&line, &size, f) > 0) {
        if (parse(line, &mnt))
            return &mnt;
    }
    return NULL;
}

int addmntent(FILE *f, const struct mntent *mnt)
{
    if (fseek(f, 0, SEEK_END))
        return 1;
    return fprintf(f, "%s\t%s\t%s\t%s\t%d\t%d\n", mnt->mnt_fsname, mnt->mnt_dir, mnt->mnt_type,
                   mnt->mnt_opts, mnt->mnt_freq, mnt->mnt_passno) < 0;
}

/* An option stands between commas, and may have "=value" behind it. */
char *hasmntopt(const struct mntent *mnt, const char *option)
{
    size_t len = strlen(option);

    for (char *p = mnt->mnt_opts; *p;) {
        if (strncmp(p, option, len) == 0 && (p[len] == '\0' || p[len] == ',' || p[len] == '='))
            return p;
        p += strcspn(p, ",");
        if (*p)
            p++;
    }
    return NULL;
}
