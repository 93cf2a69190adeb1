monitor.dir  := monitor
monitor.src  := begin.S start.c main.c options.c \
                core/say.c core/image.c core/layout.c core/policy.c core/boot.c core/hypercall.c core/upcall.c core/symbols.c core/lines.c \
                core/crash.c core/where.c \
                dev/queue.c dev/console.c dev/block.c dev/block_open.c dev/net.c dev/net_open.c dev/net_user.c dev/net_passt.c dev/busy_poll.c dev/moderation.c dev/net_trace.c dev/packet.c dev/gate.c \
                process/entry.S process/guest.c process/load.c process/vdso.c process/signals.c \
                kvm/host.c kvm/vm.c kvm/tables.c kvm/cpuid.c kvm/guest.c kvm/plan.c kvm/stub.S \
                sandbox/filter.c sandbox/show.c sandbox/lockdown.c
monitor.uses := abi base
# No thread pointer: core/sys.h says why.
monitor.cflags := -mstack-protector-guard=global

MONITOR_MODULES := monitor

# A static PIE. Debian's musl-gcc cannot make one from -static-pie alone (it takes the start files of a
# dynamic program), and the monitor has a start of its own anyway, in begin.S. Constants and text share a
# segment, still not writable: fewer mappings and page faults in every start.
MONITOR_LDFLAGS := -static -nostartfiles -Wl,-pie,--no-dynamic-linker -Wl,-z,text -Wl,-z,relro \
    -Wl,-z,noexecstack -Wl,--hash-style=gnu -Wl,--build-id=none -Wl,-z,noseparate-code
