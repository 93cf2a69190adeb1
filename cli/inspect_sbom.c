/* SPDX-License-Identifier: MIT
 *
 * The bill of materials of an image, as CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/): the
 * image is the component that is described; what it was linked from, and packed with, are its
 * components. All of it is in the map but for the hashes of the image and of the packed files.
 * Equal images have equal bills. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hash.h"
#include "inspect.h"
#include "json.h"

/* The longest component that is taken from a map. */
#define COMPONENT_MAX 4096

/* "NAME@VERSION[,sha256=HASH][,source=HASH][,purl=URL][,license=ID]", taken apart. */
struct component {
    char text[COMPONENT_MAX];
    const char *name, *version, *sha256, *source, *purl, *license;
};

static bool take_component(struct component *c, const char *text)
{
    *c = (struct component){.name = c->text};
    if (strlen(text) >= sizeof(c->text))
        return false;
    strcpy(c->text, text);
    char *at = strchr(c->text, '@'), *more = c->text + strcspn(c->text, ",");
    if (at == NULL || at > more)
        return false;
    *at = '\0';
    c->version = at + 1;
    while (*more != '\0') {
        static const struct {
            const char *key;
            size_t offset;
        } keys[] = {{"sha256=", offsetof(struct component, sha256)},
                    {"source=", offsetof(struct component, source)},
                    {"purl=", offsetof(struct component, purl)},
                    {"license=", offsetof(struct component, license)}};
        *more++ = '\0';
        for (size_t i = 0; i < ARRAY_LEN(keys); i++)
            if (strncmp(more, keys[i].key, strlen(keys[i].key)) == 0)
                *(const char **)((char *)c + keys[i].offset) = more + strlen(keys[i].key);
        more += strcspn(more, ",");
    }
    return true;
}

static void put_hash(struct json *j, const char *hex)
{
    json_array(j, "hashes");
    json_object(j, NULL);
    json_text(j, "alg", "SHA-256");
    json_text(j, "content", hex);
    json_end(j, '}');
    json_end(j, ']');
}

static void put_property(struct json *j, const char *name, const char *value)
{
    json_object(j, NULL);
    json_text(j, "name", name);
    json_text(j, "value", value);
    json_end(j, '}');
}

static void put_license(struct json *j, const char *id)
{
    /* An expression may be one licence alone, too. */
    json_array(j, "licenses");
    json_object(j, NULL);
    json_text(j, "expression", id);
    json_end(j, '}');
    json_end(j, ']');
}

/* A library that was linked. */
static void put_library(struct json *j, const char *reference, const struct component *c)
{
    json_object(j, NULL);
    json_text(j, "type", "library");
    json_text(j, "bom-ref", reference);
    json_text(j, "name", c->name);
    json_text(j, "version", c->version);
    if (c->sha256 != NULL)
        put_hash(j, c->sha256);
    if (c->license != NULL)
        put_license(j, c->license);
    if (c->purl != NULL)
        json_text(j, "purl", c->purl);
    if (c->source != NULL) {
        json_array(j, "properties");
        put_property(j, "pith:source-sha256", c->source);
        json_end(j, ']');
    }
    json_end(j, '}');
}

/* A file that was linked, or packed. */
static void put_file(struct json *j, const char *reference, const char *name, const char *hex)
{
    json_object(j, NULL);
    json_text(j, "type", "file");
    json_text(j, "bom-ref", reference);
    json_text(j, "name", name);
    put_hash(j, hex);
    json_end(j, '}');
}

static bool is_key(const struct map *m, size_t fact, const char *key)
{
    return strcmp(map_text(m, m->facts[fact].key), key) == 0;
}

/* A file "HASH NAME" of a fact: its name, with the hash in (hex); NULL: it is none. */
static const char *take_input(const char *value, char hex[HASH_HEX])
{
    if (strnlen(value, HASH_HEX) != HASH_HEX || value[HASH_HEX - 1] != ' ')
        return NULL;
    memcpy(hex, value, HASH_HEX - 1);
    hex[HASH_HEX - 1] = '\0';
    return value + HASH_HEX;
}

/* Writes each component if (whole), else only its reference: its number among the facts, as names
 * may be there twice. */
static void put_components(struct json *j, const struct map *m, const char *files, bool whole)
{
    struct component *c = malloc(sizeof(*c));
    char hex[HASH_HEX], reference[32];
    const char *name;

    for (size_t i = 0; c != NULL && i < m->fact_count; i++) {
        const char *value = map_text(m, m->facts[i].value);
        bool library = is_key(m, i, "part") || is_key(m, i, "component");
        snprintf(reference, sizeof(reference), "component-%zu", i);
        if (library ? !take_component(c, value)
                    : !is_key(m, i, "input") || (name = take_input(value, hex)) == NULL)
            continue;
        if (!whole)
            json_text(j, NULL, reference);
        else if (library)
            put_library(j, reference, c);
        else
            put_file(j, reference, name, hex);
    }
    free(c);
    if (files != NULL && whole)
        put_file(j, "root", "packed root file system", files);
    else if (files != NULL)
        json_text(j, NULL, "root");
}

static void put_image(struct json *j, const struct inspection *in, const char *hex)
{
    const char *slash = strrchr(in->path, '/');
    json_object(j, "component");
    json_text(j, "type", "application");
    json_text(j, "bom-ref", "image");
    json_text(j, "name", slash != NULL ? slash + 1 : in->path);
    put_hash(j, hex);
    json_array(j, "properties");
    put_property(j, "pith:build-id", in->build_id);
    for (size_t i = 0; i < in->map.fact_count; i++)
        if (is_key(&in->map, i, "compiler"))
            put_property(j, "pith:compiler", map_text(&in->map, in->map.facts[i].value));
    for (size_t i = 0; i < in->size_count; i++)
        put_property(j, "pith:service", in->sizes[i].name);
    json_end(j, ']');
    json_end(j, '}');
}

/* The time of SOURCE_DATE_EPOCH, if that is set. */
static void put_time(struct json *j)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    time_t t = epoch != NULL ? (time_t)strtoll(epoch, NULL, 10) : 0;
    struct tm tm;
    char text[64];
    if (epoch != NULL && gmtime_r(&t, &tm) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        json_text(j, "timestamp", text);
}

static void put_all(struct json *j, const struct inspection *in, const char *image,
                    const char *files)
{
    char serial[64];
    /* A UUID of the hash (RFC 9562, version 8: what it is made of is ours to say). */
    snprintf(serial, sizeof(serial), "urn:uuid:%.8s-%.4s-8%.3s-8%.3s-%.12s", image, image + 8,
             image + 12, image + 16, image + 20);
    json_object(j, NULL);
    json_text(j, "bomFormat", "CycloneDX");
    json_text(j, "specVersion", "1.5");
    json_text(j, "serialNumber", serial);
    json_number(j, "version", 1);
    json_object(j, "metadata");
    put_time(j);
    json_object(j, "tools");
    json_array(j, "components");
    json_object(j, NULL);
    json_text(j, "type", "application");
    json_text(j, "name", "pith");
    json_text(j, "version", PITH_VERSION);
    json_end(j, '}');
    json_end(j, ']');
    json_end(j, '}');
    put_image(j, in, image);
    json_end(j, '}');
    json_array(j, "components");
    put_components(j, &in->map, files, true);
    json_end(j, ']');
    json_array(j, "dependencies");
    json_object(j, NULL);
    json_text(j, "ref", "image");
    json_array(j, "dependsOn");
    put_components(j, &in->map, files, false);
    json_end(j, ']');
    json_end(j, '}');
    json_end(j, ']');
    json_end(j, '}');
}

int inspect_sbom(FILE *f, const struct inspection *in)
{
    char image[HASH_HEX], files[HASH_HEX];
    struct json j = {.f = f};
    int err = hash_bytes(in->elf.data, in->elf.size, image);
    if (err == 0 && in->image.root_size != 0)
        err = hash_bytes(in->elf.data + in->image.root_offset, in->image.root_size, files);
    if (err == 0)
        put_all(&j, in, image, in->image.root_size != 0 ? files : NULL);
    return err;
}
