/* SPDX-License-Identifier: MIT
 *
 * What pith pack accepts as an image.
 *
 * sources: cli/image.c cli/elffile.c cli/fault.c
 * uses:    cli abi */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"
#include "abi/boot.h"
#include "abi/image.h"
#include "cli/cli.h"
#include "cli/image.h"

#define HEADERS 7

/* An image as small as can be: four segments of a page each, a note, a spare header. */
struct file {
    Elf64_Ehdr h;
    Elf64_Phdr ph[HEADERS];
    struct {
        Elf64_Nhdr h;
        char name[8];
        struct pith_note pith;
    } __attribute__((packed)) note;
};

enum { CONSTANTS, TEXT, RELRO, DATA, NOTE, STACK, SPARE };

static struct file good(void)
{
    struct file f = {
        .h =
            {
                .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                .e_type = ET_DYN,
                .e_machine = EM_X86_64,
                .e_phoff = offsetof(struct file, ph),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = HEADERS,
            },
        .note =
            {
                .h = {sizeof(PITH_NOTE_NAME), sizeof(struct pith_note), PITH_NOTE_TYPE},
                .name = PITH_NOTE_NAME,
                .pith = {.abi_version = PITH_ABI_VERSION, .size = sizeof(struct pith_note)},
            },
    };
    static const uint32_t flags[] = {PF_R, PF_R | PF_X, PF_R, PF_R | PF_W};
    for (unsigned i = 0; i < 4; i++)
        f.ph[i] = (Elf64_Phdr){
            .p_type = PT_LOAD,
            .p_flags = flags[i],
            .p_offset = i * 4096,
            .p_vaddr = i * 4096,
            .p_filesz = 4096,
            .p_memsz = i == DATA ? 10000 : 4096,
        };
    f.ph[NOTE] = (Elf64_Phdr){
        .p_type = PT_NOTE, .p_offset = offsetof(struct file, note), .p_filesz = sizeof(f.note)};
    f.ph[STACK].p_type = PT_GNU_STACK;
    return f;
}

/* Checks (f) as a file of (size) bytes. */
static int check(const struct file *f, size_t size, struct image *im, struct fault *fault)
{
    int fd = memfd_create("image", 0);
    assert_int_equal(write(fd, f, sizeof(*f)), sizeof(*f));
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    int result = image_check(fd, im, fault);
    close(fd);
    return result;
}

static void refused(const struct file *f, size_t size, const char *what)
{
    struct image im;
    struct fault fault = {0};
    assert_int_equal(check(f, size, &im, &fault), -1);
    assert_int_equal(fault.status, EXIT_IMAGE);
    if (strstr(fault.text, what) == NULL)
        fail_msg("\"%s\" does not tell about \"%s\"", fault.text, what);
}

static void accepted(void **state)
{
    (void)state;
    struct file f = good();
    struct image im;
    struct fault fault;
    f.ph[RELRO].p_filesz = f.ph[RELRO].p_memsz = 0x100;
    f.ph[DATA].p_offset = f.ph[RELRO].p_offset + 0x100;
    f.ph[DATA].p_vaddr += 0x100;
    f.ph[DATA].p_filesz -= 0x100;
    assert_int_equal(check(&f, 4 * 4096 + 100, &im, &fault), 0);
    assert_int_equal(im.file_size, 4 * 4096 + 100);
    assert_int_equal(im.slot, offsetof(struct file, ph[SPARE]));
    assert_int_equal(im.root_offset, 0);
    assert_int_equal(im.root_vaddr, 3 * 4096 + 12288);

    Elf64_Phdr root = image_root_header(&im, 5 * 4096, 8192);
    f.ph[SPARE] = root;
    assert_int_equal(root.p_flags, PF_R);
    assert_int_equal(check(&f, 7 * 4096, &im, &fault), 0);
    assert_int_equal(im.root_offset, 5 * 4096);
    assert_int_equal(im.root_size, 8192);
    assert_int_equal(im.slot, offsetof(struct file, ph[SPARE]));
    assert_int_equal(im.root_vaddr, root.p_vaddr);
}

static void not_elf(void **state)
{
    (void)state;
    struct file f = good();
    f.h.e_ident[0] = '#';
    refused(&f, 4 * 4096, "not an ELF file");
    f = good();
    f.h.e_ident[EI_CLASS] = ELFCLASS32;
    refused(&f, 4 * 4096, "not for x86-64");
    f = good();
    f.h.e_machine = EM_AARCH64;
    refused(&f, 4 * 4096, "not for x86-64");
    f = good();
    f.h.e_type = ET_EXEC;
    refused(&f, 4 * 4096, "position-independent");
}

static void cut_short(void **state)
{
    (void)state;
    struct file f = good();
    refused(&f, 0, "not an ELF file");
    refused(&f, sizeof(f.h) - 1, "not an ELF file");
    refused(&f, sizeof(f.h), "program headers are missing");
    refused(&f, offsetof(struct file, note) + 4, "cut short");
    refused(&f, 4 * 4096 - 1, "cut short");
}

static void bad_header_table(void **state)
{
    (void)state;
    struct file f = good();
    f.h.e_phnum = 0;
    refused(&f, 4 * 4096, "program header table");
    f.h.e_phnum = 65;
    refused(&f, 4 * 4096, "program header table");
    f = good();
    f.h.e_phentsize = 32;
    refused(&f, 4 * 4096, "program header table");
    f = good();
    f.h.e_phoff = UINT64_MAX - 8;
    refused(&f, 4 * 4096, "program headers are missing");
}

static void bad_segments(void **state)
{
    (void)state;
    struct file f = good();
    f.ph[TEXT].p_flags |= PF_W;
    refused(&f, 4 * 4096, "writable and executable");
    f = good();
    f.ph[TEXT].p_vaddr = 0;
    refused(&f, 4 * 4096, "overlap");
    f = good();
    f.ph[DATA].p_vaddr += 8;
    refused(&f, 4 * 4096, "bad segment");
    f = good();
    f.ph[RELRO].p_offset += 8;
    refused(&f, 4 * 4096, "bad segment");
    f = good();
    f.ph[DATA].p_memsz = 100;
    refused(&f, 4 * 4096, "bad segment");
    f = good();
    f.ph[DATA].p_memsz = UINT64_MAX;
    refused(&f, 4 * 4096, "bad segment");
    f = good();
    f.ph[DATA].p_vaddr = UINT64_MAX - 4095;
    refused(&f, 4 * 4096, "bad segment");
    f = good();
    f.ph[DATA].p_offset = UINT64_MAX - 4095;
    refused(&f, 4 * 4096, "cut short");
    f = good();
    f.ph[DATA].p_flags = PF_R;
    refused(&f, 4 * 4096, "segments are not an image's");
    f = good();
    f.ph[RELRO].p_flags |= PF_W;
    refused(&f, 4 * 4096, "segments are not an image's");
    f = good();
    f.ph[DATA].p_type = PT_NULL;
    refused(&f, 4 * 4096, "segments are not an image's");
}

static void bad_notes(void **state)
{
    (void)state;
    struct file f = good();
    f.ph[NOTE].p_type = PT_GNU_STACK;
    refused(&f, 4 * 4096, "no Pith note");
    f = good();
    f.note.name[0] = 'G';
    refused(&f, 4 * 4096, "no Pith note");
    f = good();
    f.note.h.n_namesz = UINT32_MAX;
    refused(&f, 4 * 4096, "no Pith note");
    f = good();
    f.note.h.n_descsz = UINT32_MAX;
    refused(&f, 4 * 4096, "no Pith note");
    f = good();
    f.note.h.n_descsz = 8;
    refused(&f, 4 * 4096, "no Pith note");
    f = good();
    f.note.pith.abi_version++;
    refused(&f, 4 * 4096, "ABI version");
    f = good();
    f.ph[NOTE].p_filesz = 100000;
    refused(&f, 4 * 4096, "notes are too long");
}

static void no_place_for_a_root(void **state)
{
    (void)state;
    struct file f = good();
    f.ph[SPARE].p_type = PT_GNU_STACK;
    refused(&f, 4 * 4096, "no spare program header");
    struct image im = {.root_vaddr = 6 * 4096};
    f.ph[SPARE] = image_root_header(&im, 4 * 4096, 4096);
    refused(&f, 6 * 4096, "not at the end");
}

static void not_a_file(void **state)
{
    (void)state;
    struct image im;
    struct fault fault;
    int fd = open("/dev/null", O_RDONLY);
    assert_int_equal(image_check(fd, &im, &fault), -1);
    assert_int_equal(fault.status, EXIT_IMAGE);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),     cmocka_unit_test(not_elf),
        cmocka_unit_test(cut_short),    cmocka_unit_test(bad_header_table),
        cmocka_unit_test(bad_segments), cmocka_unit_test(bad_notes),
        cmocka_unit_test(not_a_file),   cmocka_unit_test(no_place_for_a_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
