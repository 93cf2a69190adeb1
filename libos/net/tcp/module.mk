tcp.dir  := libos/net/tcp
tcp.src  := ack.c congestion.c info.c input.c isn.c listen.c options.c output.c queue.c receive.c table.c \
            timer.c timewait.c user.c wheel.c
tcp.uses := base iface wire
