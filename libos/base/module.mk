base.dir  := libos/base
base.src  := assert.c log.c
base.uses := iface
