CLI_MODULES := cli
cli.dir  := cli
cli.src  := main.c paths.c run.c run_policy.c qemu.c qemu_disk.c qemu_run.c help.c args.c capture.c \
            policy.c policy_parse.c policy_image.c \
            cc.c request.c compiler.c query.c ld.c physical.c missing.c calls.c graph.c object.c lines.c \
            check.c program.c net.c qemu_net.c \
            pack.c fault.c image.c romtree.c romwrite.c romlist.c
cli.uses := base abi
cli.cflags := -I$(OBJ)/gen
