/* SPDX-License-Identifier: MIT
 *
 * A plugin for QEMU 7.2 (docs/devel/tcg-plugins.rst there) that counts the guest's instructions
 * into the file that its argument count=PATH names: pairs of 8 bytes, an address in the guest and
 * how many instructions were executed in the block of code that begins there. The last pair stands
 * for all blocks that found no room. Whoever reads the file sees the counts at any time. Debian has
 * no package with QEMU's header; what is used of it is declared here. */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*translated)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op,
                                              void *counter, uint64_t n);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

enum { BLOCKS = 1 << 17 };

static struct {
    uint64_t address, executed;
} * blocks;
static size_t used;

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t block = used < BLOCKS - 1 ? used++ : used;
    blocks[block].address = block < BLOCKS - 1 ? qemu_plugin_tb_vaddr(tb) : 0;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                             &blocks[block].executed, qemu_plugin_tb_n_insns(tb));
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    int fd =
        argc == 1 && !strncmp(argv[0], "count=", 6) ? open(argv[0] + 6, O_RDWR | O_CLOEXEC) : -1;
    size_t size = BLOCKS * sizeof(*blocks);
    if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
        return -1;
    blocks = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (blocks == MAP_FAILED)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
