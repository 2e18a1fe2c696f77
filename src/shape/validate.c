/* validate.c: one pass over a struct and its table, collecting what the client is told.
 *
 * Order: members by error_order; of one member first null, then pattern, least, most, then what is inside. A list or
 * map of scalars gets one part for all of its elements; structures inside are walked, with their number in the path. */
#include "shape/validate.h"

#include <assert.h>
#include <inttypes.h>

#include "base/buf.h"
#include "codec/number.h"
#include "shape/pattern.h"

/* Where we are: a member, or an element of a list (its number) or of a map (its key). */
struct path {
    const struct path *up;
    str name;      /* of a member or key */
    size_t number; /* of a list element, from 1; 0 otherwise */
    bool element;
};

struct validator {
    struct buf parts;
    unsigned count;
};

static bool absent(const struct shape *shape, const void *at)
{
    switch (shape->kind) {
    case SHAPE_STRING:
    case SHAPE_BLOB:
        return !str_present(*(const str *)at);
    case SHAPE_INTEGER:
    case SHAPE_LONG:
        return !((const struct opt_int *)at)->present;
    case SHAPE_DOUBLE:
        return !((const struct opt_double *)at)->present;
    case SHAPE_BOOLEAN:
        return !((const struct opt_bool *)at)->present;
    case SHAPE_TIMESTAMP:
        return !((const struct opt_ms *)at)->present;
    case SHAPE_ENUM:
        return ((const struct enum_value *)at)->is == 0;
    case SHAPE_LIST:
    case SHAPE_MAP:
        return !((const struct shape_list *)at)->present;
    case SHAPE_STRUCTURE:
        break;
    }
    return false; /* a member's pointer has been followed by now */
}

/* Lengths are UTF-16 units. They lie between a third of the bytes and all of them, which spares most counting. */
static bool length_ok(const struct shape *shape, str text, bool least)
{
    size_t units = text.size;

    if (least ? units / 3 >= (size_t)shape->min : units <= (size_t)shape->max)
        return true;
    if (shape->kind == SHAPE_STRING)
        units = str_utf16_units(text);
    return least ? units >= (size_t)shape->min : units <= (size_t)shape->max;
}

static bool bound_ok(const struct shape *shape, const void *at, bool least)
{
    int64_t bound = least ? shape->min : shape->max, value;

    if (least ? !shape->has_min : !shape->has_max)
        return true;
    switch (shape->kind) {
    case SHAPE_STRING:
    case SHAPE_BLOB:
        return length_ok(shape, *(const str *)at, least);
    case SHAPE_DOUBLE: {
        double real = ((const struct opt_double *)at)->value;

        return least ? real >= (double)bound : real <= (double)bound;
    }
    case SHAPE_LIST:
    case SHAPE_MAP:
        value = (int64_t)((const struct shape_list *)at)->count;
        break;
    default:
        value = ((const struct opt_int *)at)->value;
        break;
    }
    return least ? value >= bound : value <= bound;
}

static bool pattern_ok(const struct shape *shape, const void *at)
{
    return !shape->pattern || pattern_matches(shape->pattern, *(const str *)at);
}

static bool enum_ok(const struct shape *shape, const void *at)
{
    return shape->kind != SHAPE_ENUM || ((const struct enum_value *)at)->is > 0;
}

static bool scalar_ok(const struct shape *shape, const void *at)
{
    return !absent(shape, at) && pattern_ok(shape, at) && bound_ok(shape, at, true) && bound_ok(shape, at, false) &&
           enum_ok(shape, at);
}

static bool scalar(const struct shape *shape)
{
    return shape->kind != SHAPE_LIST && shape->kind != SHAPE_MAP && shape->kind != SHAPE_STRUCTURE;
}

static void print_path(struct buf *buf, const struct path *path)
{
    if (path->up) {
        print_path(buf, path->up);
        buf_byte(buf, '.');
    }
    if (path->number)
        buf_u64(buf, path->number);
    else
        buf_append(buf, path->name);
    if (path->element)
        buf_append(buf, STR(".member"));
}

static void print_value(struct buf *buf, const struct shape *shape, const void *at, size_t end);

static void print_entries(struct buf *buf, const struct shape *shape, const struct shape_list *list, size_t end)
{
    const char *at = list->at;

    for (size_t i = 0; i < list->count && buf->size < end && buf->err == OK; i++, at += shape->entry_size) {
        if (i > 0)
            buf_append(buf, STR(", "));
        if (shape->kind == SHAPE_MAP) {
            buf_append(buf, *(const str *)(const void *)at);
            buf_byte(buf, '=');
        }
        print_value(buf, shape->element, at + (shape->kind == SHAPE_MAP ? shape->value_offset : 0), end);
    }
}

static void print_value(struct buf *buf, const struct shape *shape, const void *at, size_t end)
{
    if (absent(shape, at)) {
        buf_append(buf, STR("null"));
        return;
    }
    switch (shape->kind) {
    case SHAPE_STRING:
    case SHAPE_BLOB:
        buf_append(buf, str_slice(*(const str *)at, 0, VALIDATE_VALUE_MAX + 4));
        break;
    case SHAPE_ENUM:
        buf_append(buf, str_slice(((const struct enum_value *)at)->text, 0, VALIDATE_VALUE_MAX + 4));
        break;
    case SHAPE_INTEGER:
    case SHAPE_LONG:
        buf_fmt(buf, "%" PRId64, ((const struct opt_int *)at)->value);
        break;
    case SHAPE_TIMESTAMP:
        buf_fmt(buf, "%" PRId64, ((const struct opt_ms *)at)->value);
        break;
    case SHAPE_DOUBLE:
        buf_fmt(buf, "%g", ((const struct opt_double *)at)->value);
        break;
    case SHAPE_BOOLEAN:
        buf_append(buf, ((const struct opt_bool *)at)->value ? STR("true") : STR("false"));
        break;
    case SHAPE_LIST:
    case SHAPE_MAP:
        buf_byte(buf, shape->kind == SHAPE_LIST ? '[' : '{');
        print_entries(buf, shape, at, end);
        buf_byte(buf, shape->kind == SHAPE_LIST ? ']' : '}');
        break;
    case SHAPE_STRUCTURE:
        buf_append(buf, shape->name);
        break;
    }
}

/* Never half a character at the end of what was cut. */
static void print_bounded(struct buf *buf, const struct shape *shape, const void *at)
{
    size_t end = buf->size + VALIDATE_VALUE_MAX;

    print_value(buf, shape, at, end);
    if (buf->size <= end)
        return;
    while (((uint8_t)buf->at[end] & 0xc0) == 0x80)
        end--;
    buf->size = end;
}

/* Begin a part; the caller appends its rule. `at` NULL: the value is absent. False: there are enough. */
static bool begin_part(struct validator *validator, const struct shape *shape, const void *at, const struct path *path)
{
    struct buf *buf = &validator->parts;

    if (validator->count == VALIDATE_PARTS_MAX)
        return false;
    if (validator->count++ > 0)
        buf_append(buf, STR("; "));
    buf_append(buf, STR("Value "));
    if (!at) {
        buf_append(buf, STR("null "));
    } else if (shape->kind != SHAPE_BLOB) {
        buf_byte(buf, '\'');
        print_bounded(buf, shape, at);
        buf_append(buf, STR("' "));
    }
    buf_append(buf, STR("at '"));
    print_path(buf, path);
    buf_append(buf, STR("' failed to satisfy constraint: "));
    return true;
}

static void print_bound(struct buf *buf, const struct shape *shape, bool least)
{
    bool value = shape->kind == SHAPE_INTEGER || shape->kind == SHAPE_LONG || shape->kind == SHAPE_DOUBLE;

    buf_fmt(buf, "Member must have %s %s than or equal to %" PRId64, value ? "value" : "length",
            least ? "greater" : "less", least ? shape->min : shape->max);
}

static void print_pattern(struct buf *buf, const struct shape *shape)
{
    buf_append(buf, STR("Member must satisfy regular expression pattern: "));
    buf_append(buf, shape->pattern->text);
}

static void print_set(struct buf *buf, const struct shape *shape)
{
    buf_append(buf, STR("Member must satisfy enum value set: "));
    buf_append(buf, shape->values->set);
}

/* All rules of an element, in the order of the parts about elements: most, least, pattern, set. */
static void print_rules(struct buf *buf, const struct shape *shape)
{
    size_t start = buf->size;

    if (shape->has_max)
        print_bound(buf, shape, false);
    if (shape->has_min) {
        buf_append(buf, buf->size > start ? STR(", ") : STR(""));
        print_bound(buf, shape, true);
    }
    if (shape->pattern) {
        buf_append(buf, buf->size > start ? STR(", ") : STR(""));
        print_pattern(buf, shape);
    }
    if (shape->kind == SHAPE_ENUM)
        print_set(buf, shape);
    if (buf->size == start)
        buf_append(buf, STR("Member must not be null"));
}

static void check(struct validator *validator, const struct shape *shape, const void *at, const struct path *path);

/* Elements, or keys of a map, that are scalars: one part for all. */
static void check_scalars(struct validator *validator, const struct shape *shape, const struct shape_list *list,
                          const struct path *path, bool keys)
{
    const struct shape *element = keys ? shape->key : shape->element;
    const char *at = (const char *)list->at + (keys ? 0 : shape->value_offset);
    str subject = shape->kind == SHAPE_LIST ? STR("Member") : keys ? STR("Map keys") : STR("Map value");

    for (size_t i = 0; i < list->count; i++, at += shape->entry_size) {
        if (scalar_ok(element, at))
            continue;
        if (!begin_part(validator, shape, list, path))
            return;
        buf_append(&validator->parts, subject);
        buf_append(&validator->parts, STR(" must satisfy constraint: ["));
        print_rules(&validator->parts, element);
        buf_byte(&validator->parts, ']');
        return;
    }
}

static void check_inside(struct validator *validator, const struct shape *shape, const struct shape_list *list,
                         const struct path *path)
{
    const char *at = list->at;

    if (list->count == 0)
        return;
    if (shape->kind == SHAPE_MAP)
        check_scalars(validator, shape, list, path, true);
    if (scalar(shape->element)) {
        check_scalars(validator, shape, list, path, false);
        return;
    }
    for (size_t i = 0; i < list->count; i++, at += shape->entry_size) {
        struct path inner = { .up = path, .element = true };

        if (shape->kind == SHAPE_MAP)
            inner.name = *(const str *)(const void *)at;
        else
            inner.number = i + 1;
        check(validator, shape->element, at + shape->value_offset, &inner);
    }
}

static void check_members(struct validator *validator, const struct shape *shape, const void *at,
                          const struct path *path)
{
    for (uint32_t i = 0; i < shape->member_count && validator->count < VALIDATE_PARTS_MAX; i++) {
        const struct shape_member *member = &shape->members[shape->error_order ? shape->error_order[i] : i];
        const void *value = (const char *)at + member->offset;
        struct path inner = { .up = path, .name = member->path };

        if (member->shape->kind == SHAPE_STRUCTURE)
            value = *(void *const *)value;
        if (value && !absent(member->shape, value))
            check(validator, member->shape, value, &inner);
        else if (member->required && begin_part(validator, member->shape, NULL, &inner))
            buf_append(&validator->parts, STR("Member must not be null"));
    }
}

/* A value that is present. */
static void check(struct validator *validator, const struct shape *shape, const void *at, const struct path *path)
{
    struct buf *buf = &validator->parts;

    if (shape->kind == SHAPE_STRUCTURE) {
        check_members(validator, shape, at, path);
        return;
    }
    if (!pattern_ok(shape, at) && begin_part(validator, shape, at, path))
        print_pattern(buf, shape);
    if (!bound_ok(shape, at, true) && begin_part(validator, shape, at, path))
        print_bound(buf, shape, true);
    if (!bound_ok(shape, at, false) && begin_part(validator, shape, at, path))
        print_bound(buf, shape, false);
    if (!enum_ok(shape, at) && begin_part(validator, shape, at, path))
        print_set(buf, shape);
    if (!scalar(shape))
        check_inside(validator, shape, at, path);
}

/* The parts behind their number. */
static enum err conclude(struct validator *validator, struct arena *arena, str *ret_message)
{
    str parts = buf_str(&validator->parts), head;
    enum err err = validator->parts.err;
    char *at;

    if (err == OK) {
        head = arena_fmt(arena, "%u validation error%s detected: ", validator->count, validator->count > 1 ? "s" : "");
        at = str_present(head) ? arena_alloc(arena, head.size + parts.size + 1) : NULL;
        if (at) {
            memcpy(at, head.at, head.size);
            memcpy(at + head.size, parts.at, parts.size);
            *ret_message = str_bytes(at, head.size + parts.size);
        }
        err = at ? ERR_VALIDATION : ERR_NO_MEMORY;
    }
    return err == ERR_TOO_LARGE ? ERR_NO_MEMORY : err;
}

static enum err validate(const struct shape *shape, const void *value, const struct path *path, struct arena *arena,
                         str *ret_message)
{
    struct validator validator = { .count = 0 };
    enum err err = OK;

    buf_init(&validator.parts, (size_t)VALIDATE_PARTS_MAX * 2 * VALIDATE_VALUE_MAX);
    check(&validator, shape, value, path);
    if (validator.count > 0)
        err = conclude(&validator, arena, ret_message);
    buf_deinit(&validator.parts);
    return err;
}

enum err shape_validate(const struct shape *shape, const void *value, struct arena *arena, str *ret_message)
{
    assert(shape->kind == SHAPE_STRUCTURE);
    return validate(shape, value, NULL, arena, ret_message);
}

enum err shape_validate_value(const struct shape *shape, const void *value, str path, struct arena *arena,
                              str *ret_message)
{
    struct path top = { .name = path };

    return validate(shape, value, &top, arena, ret_message);
}
