# SPDX-License-Identifier: MIT
#
# Appended to the config.mak that musl's configure writes; musl's Makefile reads both before its rules.
# PITH_MUSL is the folder of this file, PITH_GEN that of the generated headers; PITH_WARNINGS and PITH_PATHMAP
# are the options of the same names in mk/rules.mk.

# In front of every folder of musl's. Quoted includes of its own are not reached, and need not be.
CFLAGS_C99FSE += -I$(PITH_GEN) -I$(PITH_MUSL)/include

# What configure chose goes before this. Unwind tables are off already; a file's static data is not always
# read as the type it was written as.
CFLAGS += -fPIE -fno-omit-frame-pointer -fno-strict-aliasing -fno-plt -fcf-protection=none \
    $(PITH_PATHMAP) -ffile-prefix-map=$(srcdir)/=musl/
# A false alarm of gcc 12, in getcwd.c.
CFLAGS += -Wno-return-local-addr

# Position independent as a program is; nothing can be interposed.
AOBJS = $(LIBC_OBJS)

# Assembly that makes system calls. For the first three musl has C versions of its own or we have.
PITH_DROPPED := process/x86_64/vfork.s signal/x86_64/restore.s thread/x86_64/__unmapself.s \
    thread/x86_64/__set_thread_area.s thread/x86_64/clone.s thread/x86_64/syscall_cp.s
ARCH_SRCS := $(filter-out $(PITH_DROPPED:%=$(srcdir)/src/%),$(sort $(wildcard $(ARCH_GLOBS))))

# Files of ours that take no other's place.
BASE_SRCS := $(sort $(wildcard $(BASE_GLOBS))) $(srcdir)/src/thread/stack_cache.c \
    $(srcdir)/src/malloc/page_cache.c \
    $(srcdir)/src/fcntl/fcntl_async.c $(srcdir)/src/fcntl/fcntl_any.c $(srcdir)/src/misc/ioctl_async.c \
    $(srcdir)/src/network/socket_inet.c $(srcdir)/src/network/socket_netlink.c \
    $(srcdir)/src/network/socket_netlink_read.c $(srcdir)/src/network/socket_packet.c \
    $(srcdir)/src/network/setsockopt_any.c \
    $(srcdir)/src/stdio/file_new.c $(srcdir)/src/stdio/vfprintf_float.c

# A file below src/ here takes the place of musl's file of the same name: of two pattern rules that fit,
# make takes the one with the shorter stem, if its source exists.
# Musl's headers were not written for all the warnings that ours are: as system headers they give none.
obj/src/%.o: $(PITH_MUSL)/src/%.c $(GENH) $(IMPH)
	$(CC) $(subst -I$(srcdir),-isystem $(srcdir),$(CFLAGS_ALL)) -isystem $(srcdir)/$(@D:obj/%=%) \
	    $(PITH_WARNINGS) -c -o $@ $<

# Locks wait only for another thread. A program that can start one reaches futex through pthread_create; for the
# others these need not bring it in.
obj/src/exit/exit.o obj/src/stdio/__lockfile.o obj/src/thread/__lock.o: CFLAGS_ALL += -DPITH_FUTEX_WEAK

# What a FILE can do is linked with the functions that do it. Those of the first rule do it themselves.
PITH_LOCKING := $(patsubst %,obj/src/stdio/%.o,__lockfile flockfile funlockfile ftrylockfile)
$(filter-out $(PITH_LOCKING),$(filter obj/src/stdio/%.o,$(AOBJS))): CFLAGS_ALL += -include $(PITH_MUSL)/include/pith_stdio.h
obj/src/stdio/ftrylockfile.o obj/src/thread/pthread_create.o: CFLAGS_ALL += -include $(PITH_MUSL)/include/pith_stdio_lock.h
obj/src/stdio/stdout.o obj/src/stdio/stderr.o: CFLAGS_ALL += -include $(PITH_MUSL)/include/pith_stdio_out.h
obj/src/stdio/fseek.o obj/src/stdio/ftell.o: CFLAGS_ALL += -include $(PITH_MUSL)/include/pith_stdio_seek.h
obj/src/stdio/fclose.o: CFLAGS_ALL += -include $(PITH_MUSL)/include/pith_stdio_close.h
obj/src/stdio/fflush.o obj/src/stdio/__stdio_exit.o: CFLAGS_ALL += -include $(PITH_MUSL)/include/pith_open_files.h
# Of libc's own calls none makes a file send signals, or a socket send without a copy. The functions by which
# programs do are compiled of fcntl_async.c, fcntl_any.c, ioctl_async.c and setsockopt_any.c.
CFLAGS += -Dfcntl=__pith_fcntl -Dioctl=__pith_ioctl -Dsetsockopt=__pith_setsockopt

obj/src/misc/pty.o obj/src/misc/openpty.o: CFLAGS_ALL += -include $(PITH_MUSL)/include/pith_pty.h

# These make sockets of some families only.
obj/src/misc/syslog.o: CFLAGS_ALL += -include $(PITH_MUSL)/sysroot/bits/pith_socket.h
obj/src/network/getaddrinfo.o obj/src/network/lookup_name.o obj/src/network/res_msend.o \
    obj/src/network/if_nametoindex.o obj/src/network/if_indextoname.o: CFLAGS_ALL += -Dsocket=__pith_socket_inet
obj/src/network/netlink.o: CFLAGS_ALL += -Dsocket=__pith_socket_netlink_read

# These format floating-point numbers, whatever the program's formats say.
obj/src/stdlib/ecvt.o obj/src/stdlib/fcvt.o obj/src/stdlib/gcvt.o obj/src/locale/strfmon.o: \
    CFLAGS_ALL += -include $(PITH_MUSL)/include/pith_printf_float.h

# malloc's pages come and go by way of page_cache.c.
obj/src/malloc/mallocng/malloc.o obj/src/malloc/mallocng/free.o: \
    CFLAGS_ALL += -D__mmap=__malloc_mmap -Dmunmap=__malloc_munmap
