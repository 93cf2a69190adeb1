/* SPDX-License-Identifier: MIT
 *
 * Streams: modes, buffering, seeking, reading lines, temporary files, memory streams, errors. */
#define _GNU_SOURCE
#include "calls.h"

static void modes(void)
{
    static const char *const mode[] = {"r", "r+", "w", "w+", "a", "a+", "wx", "re", "q", "w+x", "ae"};
    for (size_t i = 0; i < sizeof(mode) / sizeof(mode[0]); i++) {
        put_file("m", "0123");
        FILE *f = fopen("m", mode[i]);
        if (!f) {
            printf("%s: %s\n", mode[i], strerror(errno));
            continue;
        }
        char buf[8] = "";
        size_t got = fread(buf, 1, 2, f);
        int could_read = !ferror(f);
        clearerr(f);
        fseek(f, 0, SEEK_SET);
        size_t put = fwrite("x", 1, 1, f);
        int flushed = fflush(f);
        printf("%s: read %zu %s %d, wrote %zu %d, at %ld; ", mode[i], got, buf, could_read, put,
               flushed, ftell(f));
        fclose(f);
        show_file("m");
    }
    for (size_t i = 0; i < sizeof(mode) / sizeof(mode[0]); i++) {
        int fd = open("m", O_RDWR);
        FILE *f = fdopen(fd, mode[i]);
        printf("%s: %s, flags %d, append %d", mode[i], f ? "a stream" : strerror(errno),
               fcntl(fd, F_GETFD), (fcntl(fd, F_GETFL) & O_APPEND) != 0);
        int got = f ? fgetc(f) : 0;
        if (f)
            fseek(f, 0, SEEK_CUR);
        printf(", read %d, wrote %d\n", got, f ? fputc('y', f) : 0);
        f ? fclose(f) : close(fd);
    }
    IS(fopen("none/x", "w") == NULL);
    printf("%s\n", strerror(errno));
    IS(fopen(".", "w") == NULL);
    printf("%s\n", strerror(errno));
}

static void seeking(void)
{
    FILE *f = fopen("s", "w+");
    fpos_t pos;
    for (int i = 0; i < 1000; i++)
        fprintf(f, "line %03d\n", i);
    T(ftell(f));
    T(fseek(f, 90, SEEK_SET));
    char line[32];
    fgets(line, sizeof(line), f);
    printf("%s", line);
    fgetpos(f, &pos);
    T(fseek(f, -9, SEEK_END));
    fgets(line, sizeof(line), f);
    printf("%s", line);
    IS(fgets(line, sizeof(line), f) == NULL && feof(f));
    fsetpos(f, &pos);
    fgets(line, sizeof(line), f);
    printf("%s", line);
    T(ungetc('Z', f));
    T(fgetc(f));
    T(fseek(f, -18, SEEK_CUR));
    fgets(line, sizeof(line), f);
    printf("%s", line);
    rewind(f);
    T(fgetc(f));
    T(fseek(f, -1, SEEK_SET));
    T(fseeko(f, 1ll << 35, SEEK_SET));
    T(ftello(f));
    T(fputs("far", f) >= 0);
    T(fclose(f));
    struct stat st;
    stat("s", &st);
    printf("%lld\n", (long long)st.st_size);
}

static void lines(void)
{
    put_file("l", "short\n\na much longer line than the first ones were\nlast");
    FILE *f = fopen("l", "r");
    char *line = NULL;
    size_t room = 0;
    for (ssize_t n; (n = getline(&line, &room, f)) >= 0;)
        printf("%zd: %s\n", n, line);
    T(feof(f) != 0);
    rewind(f);
    T(getdelim(&line, &room, 'l', f));
    free(line);
    freopen("m", "r", f);
    T(fgetc(f) != EOF);
    T(fclose(f));
}

static void temporary(void)
{
    FILE *f = tmpfile();
    IS(f != NULL);
    T(fputs("temporary", f) >= 0);
    rewind(f);
    char buf[16] = "";
    fgets(buf, sizeof(buf), f);
    printf("%s\n", buf);
    T(fclose(f));
}

static void memory(void)
{
    char *text = NULL, fixed[8] = "";
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    for (int i = 0; i < 500; i++)
        fprintf(f, "%d,", i);
    fclose(f);
    printf("%zu %.10s\n", size, text);
    free(text);
    f = fmemopen(fixed, sizeof(fixed), "w");
    T(fputs("0123456789", f) >= 0);
    T(fclose(f));
    printf("%.8s\n", fixed);
}

/* Big and small pieces through each kind of buffer, compared with what must have arrived. */
static void buffers(void)
{
    static char data[50000], back[50000], own[100];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 31 % 251);
    for (int kind = 0; kind < 4; kind++) {
        FILE *f = fopen("b", "w+");
        if (kind == 1)
            setvbuf(f, NULL, _IONBF, 0);
        if (kind == 2)
            setvbuf(f, own, _IOFBF, sizeof(own));
        if (kind == 3)
            setvbuf(f, own, _IOLBF, sizeof(own));
        size_t done = 0;
        for (size_t piece = 1; done < sizeof(data); piece = piece * 7 % 4093 + 1) {
            size_t n = piece < sizeof(data) - done ? piece : sizeof(data) - done;
            done += fwrite(data + done, 1, n, f);
        }
        rewind(f);
        memset(back, 0, sizeof(back));
        size_t got = 0;
        for (size_t piece = 3; got < sizeof(back); piece = piece * 5 % 2039 + 1) {
            size_t n = fread(back + got, 1, piece, f);
            if (!n)
                break;
            got += n;
        }
        printf("kind %d: %zu %zu %d\n", kind, done, got, !memcmp(data, back, sizeof(data)));
        fclose(f);
    }
}

static void errors(void)
{
    FILE *full = fopen("/dev/full", "w"), *rd = fopen("m", "r");
    T(fputs("x", full) >= 0);
    T(fflush(full));
    T(ferror(full) != 0);
    T(fclose(full));
    T(fputc('x', rd) == EOF);
    T(ferror(rd) != 0);
    fclose(rd);
    errno = ENOENT;
    fflush(stdout);
    dup2(1, 2);
    perror("perror");
    T(remove("none"));
    T(rename("m", "m2"));
    T(remove("m2"));
    printf("%s|%s|%s\n", strerror(0), strerror(EXDEV), strerror(12345));
}

int main(void)
{
    enter_folder();
    modes();
    seeking();
    lines();
    temporary();
    memory();
    buffers();
    errors();
    return 0;
}
