CLI_MODULES := cli
cli.dir  := cli
cli.src  := main.c paths.c run.c run_policy.c qemu.c qemu_disk.c qemu_run.c help.c args.c files.c options.c capture.c \
            policy.c policy_parse.c policy_image.c \
            cc.c request.c compiler.c query.c ld.c ldfiles.c physical.c missing.c separate.c formats.c calls.c graph.c object.c inputs.c lines.c \
            services.c map.c ldmap.c linkmap.c elffile.c elfadd.c why.c describe.c \
            inspect.c inspect_read.c inspect_text.c inspect_json.c inspect_html.c inspect_sbom.c inspect_compare.c \
            hash.c inspect_lines.c dwarf.c lineset.c json.c \
            check.c program.c net.c qemu_net.c \
            pack.c fault.c image.c romtree.c romwrite.c romlist.c
cli.uses := base abi
cli.cflags := -I$(OBJ)/gen
