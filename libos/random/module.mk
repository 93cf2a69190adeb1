random.dir  := libos/random
random.src  := chacha.c random.c
random.uses := base arch iface
random.cflags := -Os # in every image
