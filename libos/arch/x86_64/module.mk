arch.dir  := libos/arch/x86_64
arch.src  := stack.S
arch.uses := base
