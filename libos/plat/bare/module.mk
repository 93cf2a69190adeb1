bare.dir  := libos/plat/bare
bare.src  := entry.S start.c cmdline.c pages.c traps.c crash.c serial.c say.c console.c line.c hypercall.c clock.c \
             entropy.c power.c signals.c ioapic.c upcall.c virtio.c mmio.c pci.c pci_caps.c
bare.uses := base arch abi iface
bare.ssp  := -fno-stack-protector
# Exceptions interrupt code with a red zone and live vector registers.
bare.cflags := -Os -mno-red-zone -mgeneral-regs-only
