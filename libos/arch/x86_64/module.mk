arch.dir  := libos/arch/x86_64
arch.src  := stack.S context.S context.c
arch.uses := base
