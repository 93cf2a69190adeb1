raw.dir  := libos/net/raw
raw.src  := raw.c
raw.uses := base iface
raw.cflags := -Iinclude
