/* SPDX-License-Identifier: MIT
 *
 * Names of Unix sockets: in file systems, abstract, automatic and none. */
#define _GNU_SOURCE
#include "sockets.h"

static int raw_bind(int fd, int family, const char *path, size_t len)
{
    struct sockaddr_un a = {0};
    a.sun_family = (sa_family_t)family;
    memcpy(a.sun_path, path, len < sizeof(a.sun_path) ? len : sizeof(a.sun_path));
    return bind(fd, (struct sockaddr *)&a, (socklen_t)(PATH_AT + len));
}

static int fresh(int type)
{
    int fd = socket(AF_UNIX, type, 0);
    need(fd >= 0, "socket");
    return fd;
}

static void paths(void)
{
    struct stat st;
    int a = fresh(SOCK_STREAM), b = fresh(SOCK_STREAM), c = fresh(SOCK_DGRAM);

    show_names("fresh", a);
    T(raw_bind(a, AF_UNIX, "", 0) * 0);
    show_names("auto", b);
    close(a);
    a = fresh(SOCK_STREAM);
    T(raw_bind(a, AF_INET, "x", 2));
    T(raw_bind(a, 0, "x", 2));
    T(bind_to(a, "missing/s"));
    T(bind_to(a, "s"));
    show_names("bound", a);
    T(stat("s", &st));
    printf("%o %d\n", st.st_mode, (int)st.st_size);
    T(bind_to(a, "t"));
    T(stat("t", &st));
    T(bind_to(a, "s"));
    T(bind_to(b, "s"));
    put_file("f", "text");
    T(bind_to(b, "f"));
    T(bind_to(b, "f/x"));
    T(bind_to(b, "new/"));
    T(symlink("target", "link"));
    T(bind_to(b, "link"));
    T(bind_to(b, "."));
    T(bind_to(b, ".."));
    T(open("s", O_RDWR));
    T(open("s", O_RDONLY | O_CREAT, 0644));
    T(open("s", O_RDONLY | O_NONBLOCK));
    T(connect_to(b, "s"));
    T(connect_to(b, "f"));
    T(connect_to(b, "none"));
    T(connect_to(b, "f/x"));
    T(connect_to(b, "."));
    T(connect_to(c, "s"));
    T(listen(a, 1));
    T(connect_to(c, "s"));
    T(connect_to(fresh(SOCK_SEQPACKET), "s"));
    T(connect_to(b, "s"));
    show_names("client", b);
    T(unlink("s"));
    T(connect_to(fresh(SOCK_STREAM), "s"));
    int acc = accept(a, NULL, NULL);
    show_names("accepted", acc);
    T(write(acc, "x", 1));
    receive(b, 10, 0);
    T(rename("f", "g"));
    close(a);
    show_names("accepted, listener closed", acc);
    close(acc);
    show_names("client, peer closed", b);
    close(b), close(c);
    a = fresh(SOCK_STREAM);
    T(bind_to(a, "moved"));
    T(listen(a, 5));
    T(rename("moved", "there"));
    T(link("there", "again"));
    b = fresh(SOCK_STREAM);
    T(connect_to(b, "again"));
    show_names("by other name", b);
    T(symlink("there", "sym"));
    c = fresh(SOCK_STREAM);
    T(connect_to(c, "sym"));
    close(a);
    T(connect_to(fresh(SOCK_STREAM), "there"));
    T(bind_to(fresh(SOCK_STREAM), "there"));
    T(unlink("there"));
    T(bind_to(fresh(SOCK_STREAM), "there"));
    T(mknod("node", S_IFSOCK | 0600, 0));
    T(connect_to(fresh(SOCK_STREAM), "node"));
    umask(077);
    T(bind_to(fresh(SOCK_STREAM), "masked"));
    T(stat("masked", &st));
    printf("%o\n", st.st_mode);
    umask(022);
    a = fresh(SOCK_STREAM);
    T(fchmod(a, 0640));
    T(bind_to(a, "modes"));
    T(stat("modes", &st));
    printf("%o\n", st.st_mode);
}

static void lengths(void)
{
    char name[108], text[120];
    struct sockaddr_un a;
    socklen_t len;

    memset(name, 'n', sizeof(name));
    int s = fresh(SOCK_DGRAM);
    T(raw_bind(s, AF_UNIX, name, 108));
    char big[128] = {0};
    len = sizeof(big);
    T(getsockname(s, (struct sockaddr *)big, &len));
    printf("%u %zu\n", len, strlen(big + 2));
    len = 20;
    memset(&a, 0, sizeof(a));
    T(getsockname(s, (struct sockaddr *)&a, &len));
    printf("%u %zu\n", len, strlen(a.sun_path));
    int c = fresh(SOCK_DGRAM);
    struct sockaddr_un full = {.sun_family = AF_UNIX};
    memcpy(full.sun_path, name, 108);
    T(connect(c, (struct sockaddr *)&full, sizeof(full)));
    T(raw_bind(fresh(SOCK_DGRAM), AF_UNIX, name, 109));
    T(bind(fresh(SOCK_DGRAM), (struct sockaddr *)&full, 1));
    T(bind(fresh(SOCK_DGRAM), (struct sockaddr *)&full, 128));
    T(raw_bind(fresh(SOCK_DGRAM), AF_UNIX, "short\0behind", 12));
    s = fresh(SOCK_DGRAM);
    T(raw_bind(s, AF_UNIX, "unterminated", 5));
    show_names("cut", s);
    s = fresh(SOCK_DGRAM);
    T(raw_bind(s, AF_UNIX, "\0", 1));
    show_names("only a NUL", s);
    s = fresh(SOCK_DGRAM);
    memset(text, 0, sizeof(text));
    T(raw_bind(s, AF_UNIX, text, 108));
    len = sizeof(big);
    T(getsockname(s, (struct sockaddr *)big, &len));
    printf("%u\n", len);
    T(connect(c, (struct sockaddr *)&full, 2));
    T(connect(c, (struct sockaddr *)&full, 1));
    T(connect(c, (struct sockaddr *)&full, 0));
    full.sun_family = 77;
    T(connect(c, (struct sockaddr *)&full, sizeof(full)));
    full.sun_family = AF_UNSPEC;
    T(connect(c, (struct sockaddr *)&full, sizeof(full)));
    T(connect(c, (struct sockaddr *)&full, 2));
    T(connect(c, (struct sockaddr *)&full, 1));
    s = fresh(SOCK_STREAM);
    T(connect(s, (struct sockaddr *)&full, sizeof(full)));
}

static void abstract(void)
{
    int a = fresh(SOCK_STREAM), b = fresh(SOCK_STREAM), d = fresh(SOCK_DGRAM);

    T(bind_to(a, "@pith-test"));
    show_names("abstract", a);
    T(bind_to(b, "@pith-test"));
    T(bind_to(a, "@pith-other"));
    T(bind_to(b, "@pith-tes"));
    T(bind_to(d, "@pith-test"));
    T(connect_to(fresh(SOCK_STREAM), "@pith-test"));
    T(listen(a, 3));
    int c = fresh(SOCK_STREAM);
    T(connect_to(c, "@pith-test"));
    T(connect_to(fresh(SOCK_SEQPACKET), "@pith-test"));
    int e = fresh(SOCK_DGRAM);
    T(connect_to(e, "@pith-test"));
    show_names("datagram", e);
    close(a);
    T(connect_to(fresh(SOCK_STREAM), "@pith-test"));
    a = fresh(SOCK_STREAM);
    T(bind_to(a, "@pith-test"));
    close(d);
    d = fresh(SOCK_DGRAM);
    T(bind_to(d, "@pith-test"));
}

static void automatic(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX}, b;
    socklen_t len = sizeof(b);
    int s = fresh(SOCK_DGRAM), t = fresh(SOCK_DGRAM), r = fresh(SOCK_DGRAM);

    T(bind(s, (struct sockaddr *)&a, PATH_AT));
    T(bind(s, (struct sockaddr *)&a, PATH_AT));
    T(getsockname(s, (struct sockaddr *)&b, &len));
    printf("%u %d\n", len, b.sun_path[0]);
    int digits = 0;
    for (socklen_t i = 1; i < len - PATH_AT; i++)
        digits += strchr("0123456789abcdef", b.sun_path[i]) != NULL;
    printf("%d digits\n", digits);
    T(connect(t, (struct sockaddr *)&b, len));
    T(send(t, "hello", 5, 0));
    receive(s, 10, 0);
    T(bind_to(s, "@other-name"));
    T(bind_to(r, "@pith-r"));
    T(bind(r, (struct sockaddr *)&a, PATH_AT));
    show_names("was bound", r);
    /* A socket that wants credentials gets a name when it sends. */
    int w = fresh(SOCK_DGRAM);
    T(set_option(w, SO_PASSCRED, 1));
    T(connect_to(w, "@pith-r"));
    len = sizeof(b);
    T(getsockname(w, (struct sockaddr *)&b, &len));
    printf("%u\n", len);
    a.sun_family = AF_INET;
    T(bind(fresh(SOCK_DGRAM), (struct sockaddr *)&a, PATH_AT));
}

int main(void)
{
    enter_folder();
    paths();
    lengths();
    abstract();
    automatic();
    return 0;
}
