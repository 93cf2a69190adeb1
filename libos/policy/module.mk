policy.dir  := libos/policy
policy.src  := policy.c
policy.uses := base abi iface
policy.cflags := -Os
