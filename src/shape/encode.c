/* encode.c: walking a struct and its table, writing JSON or CBOR. */
#include "shape/encode.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/grow.h"
#include "codec/cbor.h"
#include "codec/json.h"

enum { CBOR_TAG_EPOCH = 1, BLOBS_FIRST = 64 };

struct encoder {
    const struct format *format;
    struct buf *buf;
    struct json_writer json;
    struct shape_blobs *blobs; /* NULL: they are written like everything else */
};

static void encode_value(struct encoder *encoder, const struct shape *shape, const void *at);

static bool is_json(const struct encoder *encoder)
{
    return encoder->format->wire == FORMAT_JSON;
}

static void write_key(struct encoder *encoder, str key)
{
    if (is_json(encoder))
        json_write_key(&encoder->json, key);
    else
        cbor_write_text(encoder->buf, key);
}

static void write_text(struct encoder *encoder, str text)
{
    if (is_json(encoder))
        json_write_string(&encoder->json, text);
    else
        cbor_write_text(encoder->buf, text);
}

static enum err set_apart(struct shape_blobs *blobs, size_t offset, str bytes)
{
    TRY(GROW(blobs->at, blobs->count, blobs->capacity, BLOBS_FIRST));
    blobs->at[blobs->count++] = (struct shape_blob){ offset, bytes };
    blobs->bytes += bytes.size;
    return OK;
}

static void write_blob_apart(struct encoder *encoder, str bytes)
{
    struct buf *buf = encoder->buf;

    cbor_write_bytes_head(buf, bytes.size);
    if (buf->err == OK)
        buf->err = set_apart(encoder->blobs, buf->size, bytes);
}

static void write_blob(struct encoder *encoder, str bytes)
{
    if (is_json(encoder))
        json_write_base64(&encoder->json, bytes);
    else if (encoder->blobs && bytes.size >= SHAPE_BLOB_APART_MIN)
        write_blob_apart(encoder, bytes);
    else
        cbor_write_bytes(encoder->buf, bytes);
}

static void write_double(struct encoder *encoder, double number)
{
    if (is_json(encoder))
        json_write_double(&encoder->json, number);
    else
        cbor_write_double(encoder->buf, number);
}

static void write_int(struct encoder *encoder, int64_t number)
{
    if (is_json(encoder))
        json_write_int(&encoder->json, number);
    else
        cbor_write_int(encoder->buf, number);
}

static void write_bool(struct encoder *encoder, bool truth)
{
    if (is_json(encoder))
        json_write_bool(&encoder->json, truth);
    else
        cbor_write_bool(encoder->buf, truth);
}

static void write_timestamp(struct encoder *encoder, ms at)
{
    if (is_json(encoder)) {
        json_write_seconds(&encoder->json, at);
        return;
    }
    if (encoder->format->time == FORMAT_MILLISECONDS) {
        cbor_write_int(encoder->buf, at);
        return;
    }
    if (encoder->format->time == FORMAT_TAGGED_SECONDS)
        cbor_write_tag(encoder->buf, CBOR_TAG_EPOCH);
    cbor_write_double(encoder->buf, (double)at / 1000);
}

static void write_object_begin(struct encoder *encoder, uint64_t count)
{
    if (is_json(encoder))
        json_write_object_begin(&encoder->json);
    else
        cbor_write_map(encoder->buf, count);
}

static void write_object_end(struct encoder *encoder)
{
    if (is_json(encoder))
        json_write_object_end(&encoder->json);
}

static void write_list_begin(struct encoder *encoder, uint64_t count)
{
    if (is_json(encoder))
        json_write_array_begin(&encoder->json);
    else
        cbor_write_array(encoder->buf, count);
}

static void write_list_end(struct encoder *encoder)
{
    if (is_json(encoder))
        json_write_array_end(&encoder->json);
}

/* Whether a value, as an element or a member, is there to be written. */
static bool present(const struct shape *shape, const void *at)
{
    switch (shape->kind) {
    case SHAPE_STRING:
    case SHAPE_BLOB:
        return str_present(*(const str *)at);
    case SHAPE_INTEGER:
    case SHAPE_LONG:
        return ((const struct opt_int *)at)->present;
    case SHAPE_DOUBLE:
        return ((const struct opt_double *)at)->present;
    case SHAPE_BOOLEAN:
        return ((const struct opt_bool *)at)->present;
    case SHAPE_TIMESTAMP:
        return ((const struct opt_ms *)at)->present;
    case SHAPE_ENUM:
        return ((const struct enum_value *)at)->is != 0;
    case SHAPE_LIST:
    case SHAPE_MAP:
        return ((const struct shape_list *)at)->present;
    case SHAPE_STRUCTURE:
        break;
    }
    return true;
}

/* The value of a member, or NULL if the member is not to be written. */
static const void *member_value(const struct shape_member *member, const void *at)
{
    const struct shape *shape = member->shape;
    const void *value = (const char *)at + member->offset;

    if (member->place != SHAPE_IN_BODY)
        return NULL;
    if (shape->kind == SHAPE_STRUCTURE)
        return *(void *const *)value;
    if (present(shape, value))
        return value;
    return member->required && (shape->kind == SHAPE_LIST || shape->kind == SHAPE_MAP) ? value : NULL;
}

/* Names of members come from the model and hold nothing to escape. */
static void write_member(struct encoder *encoder, const struct shape_member *member, const void *value)
{
    if (is_json(encoder))
        json_write_name(&encoder->json, member->name);
    else
        cbor_write_text(encoder->buf, member->name);
    encode_value(encoder, member->shape, value);
}

static void encode_members(struct encoder *encoder, const struct shape *shape, const void *at)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < shape->member_count && !is_json(encoder); i++)
        count += member_value(&shape->members[i], at) != NULL;
    write_object_begin(encoder, count);
    for (uint32_t i = 0; i < shape->member_count; i++) {
        const void *value = member_value(&shape->members[i], at);

        if (value)
            write_member(encoder, &shape->members[i], value);
    }
    write_object_end(encoder);
}

/* An element may be absent only in what was decoded from elsewhere; it comes out as null again. */
static void encode_element(struct encoder *encoder, const struct shape *shape, const void *at)
{
    if (present(shape, at))
        encode_value(encoder, shape, at);
    else if (is_json(encoder))
        json_write_null(&encoder->json);
    else
        cbor_write_null(encoder->buf);
}

static void encode_list(struct encoder *encoder, const struct shape *shape, const struct shape_list *list)
{
    const char *at = list->at;

    write_list_begin(encoder, list->count);
    for (size_t i = 0; i < list->count; i++, at += shape->entry_size)
        encode_element(encoder, shape->element, at);
    write_list_end(encoder);
}

static void encode_map(struct encoder *encoder, const struct shape *shape, const struct shape_list *map)
{
    const char *at = map->at;

    write_object_begin(encoder, map->count);
    for (size_t i = 0; i < map->count; i++, at += shape->entry_size) {
        write_key(encoder, *(const str *)(const void *)at);
        encode_element(encoder, shape->element, at + shape->value_offset);
    }
    write_object_end(encoder);
}

static void encode_enum(struct encoder *encoder, const struct shape *shape, const struct enum_value *value)
{
    str name = value->is < 0 ? value->text : shape_enum_name(shape->values, value->is);

    assert(str_present(name));
    write_text(encoder, name);
}

static void encode_value(struct encoder *encoder, const struct shape *shape, const void *at)
{
    switch (shape->kind) {
    case SHAPE_STRING:
        write_text(encoder, *(const str *)at);
        break;
    case SHAPE_BLOB:
        write_blob(encoder, *(const str *)at);
        break;
    case SHAPE_INTEGER:
    case SHAPE_LONG:
        write_int(encoder, ((const struct opt_int *)at)->value);
        break;
    case SHAPE_DOUBLE:
        write_double(encoder, ((const struct opt_double *)at)->value);
        break;
    case SHAPE_BOOLEAN:
        write_bool(encoder, ((const struct opt_bool *)at)->value);
        break;
    case SHAPE_TIMESTAMP:
        write_timestamp(encoder, ((const struct opt_ms *)at)->value);
        break;
    case SHAPE_ENUM:
        encode_enum(encoder, shape, at);
        break;
    case SHAPE_LIST:
        encode_list(encoder, shape, at);
        break;
    case SHAPE_MAP:
        encode_map(encoder, shape, at);
        break;
    case SHAPE_STRUCTURE:
        encode_members(encoder, shape, at);
        break;
    }
}

static struct encoder encoder_of(const struct format *format, struct buf *buf)
{
    struct encoder encoder = { .format = format, .buf = buf };

    json_write_init(&encoder.json, buf);
    return encoder;
}

void shape_encode(const struct format *format, const struct shape *shape, const void *value, struct buf *buf)
{
    struct encoder encoder = encoder_of(format, buf);

    assert(shape->kind == SHAPE_STRUCTURE);
    encode_members(&encoder, shape, value);
}

void shape_encode_apart(const struct format *format, const struct shape *shape, const void *value, struct buf *buf,
                        struct shape_blobs *blobs)
{
    struct encoder encoder = encoder_of(format, buf);

    assert(shape->kind == SHAPE_STRUCTURE && format->wire == FORMAT_CBOR);
    encoder.blobs = blobs;
    encode_members(&encoder, shape, value);
}

void shape_encode_error(const struct format *format, str name, str message, struct buf *buf)
{
    struct encoder encoder = encoder_of(format, buf);
    bool capital = str_eq(name, STR("SerializationException"));

    write_object_begin(&encoder, str_present(message) ? 2 : 1);
    write_key(&encoder, STR("__type"));
    write_text(&encoder, name);
    if (str_present(message)) {
        write_key(&encoder, capital ? STR("Message") : STR("message"));
        write_text(&encoder, message);
    }
    write_object_end(&encoder);
}

void shape_encode_message(const struct format *format, str message, struct buf *buf)
{
    struct encoder encoder = encoder_of(format, buf);

    write_object_begin(&encoder, 1);
    write_key(&encoder, STR("message"));
    write_text(&encoder, str_present(message) ? message : STR(""));
    write_object_end(&encoder);
}
