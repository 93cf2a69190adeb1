arch.dir  := libos/arch/x86_64
arch.src  := 
arch.uses := base
