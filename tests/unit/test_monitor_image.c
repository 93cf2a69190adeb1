/* SPDX-License-Identifier: MIT
 *
 * The monitor's loader: a sound image, and one fault at a time.
 *
 * sources: monitor/core/image.c tests/unit/monitor_image.c
 * uses:    monitor abi */
#include <errno.h>

#include "unit.h"
#include "monitor_image.h"

static struct monitor_image file;

static int parse(struct image *img, const char **why)
{
    struct image_source src = monitor_image_source(&file, sizeof(file));
    return image_parse(&src, img, why);
}

static int start(void **state)
{
    (void)state;
    monitor_image_make(&file);
    return 0;
}

/* The image is refused, with (fault) in the message. */
static void refused(const char *fault)
{
    struct image img;
    const char *why = NULL;
    assert_int_equal(parse(&img, &why), -ENOEXEC);
    if (!strstr(why, fault))
        fail_msg("refused as \"%s\", not as \"%s\"", why, fault);
}

static void sound(void **state)
{
    struct image img;
    const char *why;
    (void)state;
    assert_int_equal(parse(&img, &why), 0);
    assert_int_equal(img.entry, 0x1010);
    assert_int_equal(img.len, IMAGE_MEM_LEN);
    assert_int_equal(img.seg[IMAGE_TEXT].addr, 0x1000);
    assert_int_equal(img.seg[IMAGE_RELRO].addr, IMAGE_RELRO_ADDR);
    assert_int_equal(img.seg[IMAGE_RELRO].mem_len, 0xff0);
    assert_int_equal(img.seg[IMAGE_DATA].addr, IMAGE_DATA_ADDR);
    assert_int_equal(img.seg[IMAGE_DATA].offset, IMAGE_RELRO_ADDR);
    assert_int_equal(img.seg[IMAGE_DATA].file_len, 0x1100);
    assert_int_equal(img.seg[IMAGE_DATA].mem_len, 0x3100);
    assert_int_equal(img.seg[IMAGE_ROOT].mem_len, 0);
    assert_int_equal(img.rela_len, sizeof(file.rela));
    assert_int_equal(img.relr_len, sizeof(file.relr));
    assert_int_equal(img.memory_min, 0x20000);
    assert_int_equal(img.flags, PITH_NOTE_HOSTED);
}

/* Segments that start in the middle of a page: the image has them from the start of the page. */
static void without_padding(void **state)
{
    struct image img;
    const char *why;
    (void)state;
    for (int i = PH_TEXT; i <= PH_RELRO; i++) {
        file.ph[i].p_offset += 0x10;
        file.ph[i].p_vaddr += 0x10;
        file.ph[i].p_filesz -= 0x10;
        file.ph[i].p_memsz -= 0x10;
    }
    assert_int_equal(parse(&img, &why), 0);
    for (int i = IMAGE_TEXT; i <= IMAGE_RELRO; i++) {
        assert_int_equal(img.seg[i].addr % PAGE_SIZE, 0);
        assert_int_equal(img.seg[i].offset % PAGE_SIZE, 0);
        assert_int_equal(img.seg[i].lead, 0x10);
    }
    assert_int_equal(img.seg[IMAGE_TEXT].file_len, 0x800);
    file.ehdr.e_entry = 0x100f;
    refused("entry point");
}

static void not_elf(void **state)
{
    (void)state;
    file.ehdr.e_ident[1] = 'X';
    refused("not an ELF file");
}

static void too_short(void **state)
{
    struct image img;
    const char *why;
    (void)state;
    /* Only what lies behind the last byte of the data may be missing. */
    const size_t needed = IMAGE_RELRO_ADDR + 0x1100;
    for (size_t len = 0; len < sizeof(file); len++) {
        struct image_source src = monitor_image_source(&file, len);
        int err = image_parse(&src, &img, &why);
        assert_int_equal(err, len < needed ? -ENOEXEC : 0);
    }
}

static void other_machines(void **state)
{
    (void)state;
    file.ehdr.e_machine = EM_AARCH64;
    refused("not for x86-64");
    start(NULL);
    file.ehdr.e_ident[EI_CLASS] = ELFCLASS32;
    refused("not for x86-64");
    start(NULL);
    file.ehdr.e_type = ET_EXEC;
    refused("not position independent");
}

static void program_headers(void **state)
{
    (void)state;
    file.ehdr.e_phnum = 0;
    refused("no program headers");
    start(NULL);
    file.ehdr.e_phentsize = 32;
    refused("no program headers");
    start(NULL);
    file.ehdr.e_phoff = UINT64_MAX - 10;
    refused("program headers not at the start");
    start(NULL);
    file.ehdr.e_phnum = 0xffff;
    refused("program headers not at the start");
}

static void writable_and_executable(void **state)
{
    (void)state;
    file.ph[PH_TEXT].p_flags |= PF_W;
    refused("writable and executable");
    start(NULL);
    file.ph[PH_DATA].p_flags |= PF_X;
    refused("writable and executable");
    start(NULL);
    file.ph[PH_STACK].p_flags |= PF_X;
    refused("executable stack");
}

static void segment_order(void **state)
{
    (void)state;
    file.ph[PH_CONST].p_flags = PF_R | PF_X;
    refused("in this order");
    start(NULL);
    file.ph[PH_TEXT].p_type = PT_NULL;
    refused("in this order");
    start(NULL);
    file.ph[PH_DATA].p_type = PT_NULL;
    refused("segments are missing");
    start(NULL);
    file.ph[PH_STACK] = file.ph[PH_DATA];
    refused("in this order");
}

static void segment_places(void **state)
{
    (void)state;
    file.ph[PH_TEXT].p_vaddr += 8;
    refused("not aligned");
    start(NULL);
    file.ph[PH_TEXT].p_offset += 8;
    refused("not aligned");
    start(NULL);
    file.ph[PH_TEXT].p_align = 1ull << 30;
    refused("not aligned");
    start(NULL);
    file.ph[PH_TEXT].p_vaddr = 0;
    refused("overlap");
    start(NULL);
    file.ph[PH_DATA].p_vaddr = 0x1ff0;
    refused("overlap");
    start(NULL);
    file.ph[PH_DATA].p_vaddr = 0x2ff0; /* a page of relro's */
    refused("overlap");
    start(NULL);
    file.ph[PH_DATA].p_vaddr -= 8;
    refused("not aligned");
    start(NULL);
    file.ph[PH_CONST].p_vaddr = 0x1000;
    file.ph[PH_TEXT].p_vaddr = 0x2000;
    refused("does not start at address 0");
}

static void segment_lengths(void **state)
{
    (void)state;
    file.ph[PH_DATA].p_memsz = 0x100;
    refused("impossible length");
    start(NULL);
    file.ph[PH_TEXT].p_memsz += 1;
    refused("impossible length");
    start(NULL);
    file.ph[PH_TEXT].p_filesz = file.ph[PH_TEXT].p_memsz = 0;
    refused("impossible length");
    start(NULL);
    file.ph[PH_DATA].p_memsz = UINT64_MAX;
    refused("too large");
    start(NULL);
    file.ph[PH_DATA].p_vaddr = UINT64_MAX - 0xf;
    refused("too large");
    start(NULL);
    file.ph[PH_TEXT].p_offset = UINT64_MAX - 0xfff;
    refused("cut short");
}

static void entry_point(void **state)
{
    (void)state;
    file.ehdr.e_entry = 0x1800;
    refused("entry point");
    file.ehdr.e_entry = 0xfff;
    refused("entry point");
}

static void dynamic_section(void **state)
{
    (void)state;
    file.dyn[DYN_SPARE].d_tag = DT_NEEDED;
    refused("shared libraries");
    file.dyn[DYN_SPARE].d_tag = DT_JMPREL;
    refused("relocations of a kind");
    file.dyn[DYN_SPARE].d_tag = DT_REL;
    refused("relocations of a kind");
    file.dyn[DYN_SPARE].d_tag = DT_TEXTREL;
    refused("relocations of a kind");
    start(NULL);
    file.ph[PH_DYNAMIC].p_filesz = 1u << 20;
    refused("dynamic section");
    start(NULL);
    file.ph[PH_DYNAMIC].p_offset = UINT64_MAX - 4;
    refused("dynamic section");
}

static void relocation_tables(void **state)
{
    (void)state;
    file.dyn[DYN_RELA].d_un.d_ptr = 0x1000; /* text */
    refused("table of relocations");
    start(NULL);
    file.dyn[DYN_RELASZ].d_un.d_val = 0x4000;
    refused("table of relocations");
    start(NULL);
    file.dyn[DYN_RELASZ].d_un.d_val = UINT64_MAX - 15;
    refused("table of relocations");
    start(NULL);
    file.dyn[DYN_RELAENT].d_un.d_val = 16;
    refused("table of relocations");
    start(NULL);
    file.dyn[DYN_RELR].d_un.d_ptr = IMAGE_DATA_ADDR + 0x10f8; /* behind it is zero data */
    refused("table of packed relocations");
    start(NULL);
    file.dyn[DYN_RELRENT].d_un.d_val = 4;
    refused("table of packed relocations");
}

static void notes(void **state)
{
    (void)state;
    file.note.name[0] = 'p';
    refused("no Pith note");
    start(NULL);
    file.note.note.abi_version++;
    refused("another version");
    start(NULL);
    file.note.note.flags = 0;
    refused("no hosted entry point");
    start(NULL);
    file.note.note.size = 8;
    refused("not sound");
    start(NULL);
    file.note.header.n_descsz = 8;
    refused("too short");
    start(NULL);
    file.note.header.n_namesz = UINT32_MAX;
    refused("not sound");
    start(NULL);
    file.note.header.n_descsz = UINT32_MAX;
    refused("not sound");
    start(NULL);
    file.ph[PH_NOTE].p_filesz = 2000;
    refused("not sound");
    start(NULL);
    file.ph[PH_STACK] = file.ph[PH_NOTE];
    refused("two Pith notes");
    start(NULL);
    struct image img;
    const char *why;
    assert_int_equal(parse(&img, &why), 0);
    assert_false(img.shares);
    file.note.header.n_type = PITH_NOTE_SHARES;
    assert_int_equal(parse(&img, &why), -ENOEXEC);
    assert_true(img.shares);
    assert_false(img.upcalls);
    file.note.header.n_type = PITH_NOTE_UPCALLS;
    assert_int_equal(parse(&img, &why), -ENOEXEC);
    assert_true(img.upcalls);
}

static void relro(void **state)
{
    (void)state;
    file.ph[PH_RELRO].p_flags |= PF_W;
    refused("in this order");
    start(NULL);
    file.ph[PH_RELRO].p_type = PT_NULL;
    refused("in this order");
    start(NULL);
    file.ph[PH_RELRO].p_memsz += 8;
    refused("impossible length");
    start(NULL);
    file.ph[PH_RELRO].p_offset += 8;
    refused("not aligned");
}

/* The image as it lies in memory. */
static void place(uint8_t *mem)
{
    memset(mem, 0, IMAGE_MEM_LEN);
    memcpy(mem, &file, IMAGE_DATA_ADDR);
    memcpy(mem + IMAGE_DATA_ADDR, (char *)&file + IMAGE_RELRO_ADDR, 0x1100);
}

static uint64_t word(const uint8_t *mem, unsigned i)
{
    uint64_t w;
    memcpy(&w, mem + IMAGE_WORDS_ADDR + 8 * i, 8);
    return w;
}

static void relocations(void **state)
{
    const uint64_t base = 0x7000000000;
    struct image img;
    const char *why;
    uint8_t *mem = malloc(IMAGE_MEM_LEN);
    (void)state;
    assert_int_equal(parse(&img, &why), 0);
    place(mem);
    assert_int_equal(image_relocate(&img, mem, base, &why), 0);
    const uint64_t expected[8] = {
        base + 0x1000, base + 0x1001, base + 2, base + 3, 4, base + 5, 6, 7};
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(word(mem, i), expected[i]);
    free(mem);
}

static void relocate_refused(const char *fault)
{
    struct image img;
    const char *why = "";
    uint8_t *mem = malloc(IMAGE_MEM_LEN);
    uint8_t *before = malloc(IMAGE_MEM_LEN);
    assert_int_equal(parse(&img, &why), 0);
    place(mem);
    memcpy(before, mem, IMAGE_MEM_LEN);
    assert_int_equal(image_relocate(&img, mem, 0x7000000000, &why), -ENOEXEC);
    assert_non_null(strstr(why, fault));
    assert_memory_equal(mem, before, IMAGE_RELRO_ADDR);
    free(mem);
    free(before);
}

static void bad_relocations(void **state)
{
    static const uint64_t outside[] = {0,
                                       0x1000,
                                       IMAGE_RELRO_ADDR - 1,
                                       IMAGE_RELRO_ADDR + 0xff0 - 7,
                                       IMAGE_DATA_ADDR + 0x3100 - 7,
                                       UINT64_MAX,
                                       1ull << 63};
    (void)state;
    file.rela[1].r_info = ELF64_R_INFO(0, R_X86_64_64);
    relocate_refused("not relative");
    file.rela[1].r_info = ELF64_R_INFO(1, R_X86_64_RELATIVE);
    relocate_refused("not relative");
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        start(NULL);
        file.rela[1].r_offset = outside[i];
        relocate_refused("outside the data");
        start(NULL);
        file.relr[0] = outside[i] & ~1ull;
        if (file.relr[0] != IMAGE_RELRO_ADDR - 2)
            relocate_refused("outside the data");
    }
    start(NULL);
    file.relr[0] = 1 | 1 << 1; /* a bitmap that follows nothing: address 0 */
    relocate_refused("outside the data");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sound, start),
        cmocka_unit_test_setup(without_padding, start),
        cmocka_unit_test_setup(not_elf, start),
        cmocka_unit_test_setup(too_short, start),
        cmocka_unit_test_setup(other_machines, start),
        cmocka_unit_test_setup(program_headers, start),
        cmocka_unit_test_setup(writable_and_executable, start),
        cmocka_unit_test_setup(segment_order, start),
        cmocka_unit_test_setup(segment_places, start),
        cmocka_unit_test_setup(segment_lengths, start),
        cmocka_unit_test_setup(entry_point, start),
        cmocka_unit_test_setup(dynamic_section, start),
        cmocka_unit_test_setup(relocation_tables, start),
        cmocka_unit_test_setup(notes, start),
        cmocka_unit_test_setup(relro, start),
        cmocka_unit_test_setup(relocations, start),
        cmocka_unit_test_setup(bad_relocations, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
