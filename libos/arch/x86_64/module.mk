arch.dir  := libos/arch/x86_64
arch.src  := stack.S switch.S context.c
arch.uses := base
