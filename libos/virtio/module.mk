virtio.dir  := libos/virtio
virtio.src  := virtq.c console.c console_tx.c console_in.c console_ioctl.c console_pause.c console_open.c class.c block.c net.c
virtio.uses := base arch iface mm abi
virtio.cflags := -Os # in every image
