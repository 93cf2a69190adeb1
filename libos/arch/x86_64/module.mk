arch.dir  := libos/arch/x86_64
arch.src  := stack.S switch.S clone3.S context.c
arch.uses := base
