virtio.dir  := libos/virtio
virtio.src  := 
virtio.uses := base arch iface mm abi
