/* SPDX-License-Identifier: MIT
 *
 * Wrong pointers for the calls on events and pipes. */
#include "bad_pointers.h"
#include <poll.h>
#include <sys/select.h>

DEFINE(poll)
DEFINE(ppoll)
DEFINE(select)
DEFINE(pselect6)
DEFINE(pipe)
DEFINE(pipe2)

static const struct pollfd pollfd = {.fd = 100, .events = POLLIN};

/* Descriptors that calls have made. */
static void close_all(void)
{
    for (int fd = 3; fd < 64; fd++)
        close(fd);
}

static const struct call calls[] = {
    {"poll", do_poll, {{OUT, 8, &pollfd}, {NUMBER, 1, NULL}, {NUMBER, 0, NULL}}, close_all, false},
    {"ppoll",
     do_ppoll,
     {{OUT, 8, &pollfd}, {NUMBER, 1, NULL}, {TIME, 16, NULL}, {NUMBER, 0, NULL}, {NUMBER, 8, NULL}},
     close_all,
     false},
    {"ppoll",
     do_ppoll,
     {{OUT, 8, &pollfd}, {NUMBER, 1, NULL}, {TIME, 16, NULL}, {IN, 8, NULL}, {NUMBER, 8, NULL}},
     close_all,
     false},
    {"select",
     do_select,
     {{NUMBER, 1, NULL}, {OUT, 8, NULL}, {OUT, 8, NULL}, {OUT, 8, NULL}, {TIME, 16, NULL}},
     close_all,
     false},
    {"pselect6",
     do_pselect6,
     {{NUMBER, 1, NULL},
      {OUT, 8, NULL},
      {OUT, 8, NULL},
      {OUT, 8, NULL},
      {TIME, 16, NULL},
      {NUMBER, 0, NULL}},
     close_all,
     false},
    {"pselect6",
     do_pselect6,
     {{NUMBER, 1, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL},
      {TIME, 16, NULL},
      {IN, 16, NULL}},
     close_all,
     false},
    {"pipe", do_pipe, {{OUT, 8, NULL}}, close_all, false},
    {"pipe2", do_pipe2, {{OUT, 8, NULL}, {NUMBER, 0, NULL}}, close_all, false},
};

int main(void)
{
    try_calls(calls, sizeof(calls) / sizeof(calls[0]));
    return 0;
}
