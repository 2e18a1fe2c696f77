/* shape.h: the types that generated models are made of.
 *
 * A model (model/x.smithy) becomes C structs for people and const tables for machines. Handlers see only the first
 * half of this file: the member types below and the generated structs. The second half describes each struct to the
 * decoder, the validator and the encoder, which walk any struct by its table; operations and errors follow.
 * Memory of a decoded struct belongs to the arena and to the body it was decoded from. */
#pragma once

#include "base/date.h"
#include "base/str.h"

/* Members. A zeroed struct has every member absent. Strings and blobs are `str` (absent: at == NULL), structures are
 * pointers (absent: NULL). */
struct opt_int {
    int64_t value;
    bool present;
};

struct opt_bool {
    bool value, present;
};

struct opt_double {
    double value;
    bool present;
};

struct opt_ms {
    ms value; /* since 1970 */
    bool present;
};

/* `is` is a generated constant; 0: absent; -1: not in the enum, and then `text` is what was sent. */
struct enum_value {
    int is;
    str text;
};

/* Every generated list and map has this layout, with its own element type instead of void. An empty one that is
 * present differs from an absent one. Maps of strings are arrays of map_entry in the order of the wire. */
struct shape_list {
    void *at;
    size_t count;
    bool present;
};

struct map_entry {
    str key, value;
};

static inline struct opt_int int_of(int64_t value)
{
    return (struct opt_int){ .value = value, .present = true };
}

static inline struct opt_bool bool_of(bool value)
{
    return (struct opt_bool){ .value = value, .present = true };
}

static inline struct opt_double double_of(double value)
{
    return (struct opt_double){ .value = value, .present = true };
}

static inline struct opt_ms ms_of(ms value)
{
    return (struct opt_ms){ .value = value, .present = true };
}

static inline struct enum_value enum_of(int constant)
{
    return (struct enum_value){ .is = constant };
}

/* Tables. */
enum shape_kind {
    SHAPE_STRING,    /* str */
    SHAPE_BLOB,      /* str */
    SHAPE_INTEGER,   /* struct opt_int, 32 bits */
    SHAPE_LONG,      /* struct opt_int */
    SHAPE_DOUBLE,    /* struct opt_double */
    SHAPE_BOOLEAN,   /* struct opt_bool */
    SHAPE_TIMESTAMP, /* struct opt_ms */
    SHAPE_ENUM,      /* struct enum_value */
    SHAPE_LIST,      /* struct shape_list of elements */
    SHAPE_MAP,       /* struct shape_list of entries: a str, then the value */
    SHAPE_STRUCTURE, /* a pointer to the struct; inside a list or a map, the struct itself */
};

/* Where a member travels under REST bindings; everything else is in the body. */
enum shape_place {
    SHAPE_IN_BODY,
    SHAPE_IN_PATH,
    SHAPE_IN_QUERY,
    SHAPE_IN_HEADER,
    SHAPE_IN_PAYLOAD, /* the member is the whole body */
};

struct shape_enum {
    const str *names; /* of constant 1, 2, ... */
    size_t count;
    str set; /* as validation messages print it: "[A, B]" */
};

struct shape_pattern;
struct shape;

struct shape_member {
    str name; /* on the wire */
    str path; /* in validation messages: the name with a lower-case first letter */
    const struct shape *shape;
    uint32_t offset;
    bool required;
    enum shape_place place;
    str place_name; /* of the header or query parameter */
};

struct shape {
    str name;
    enum shape_kind kind;
    uint32_t size; /* of a value; of the struct itself for a structure */
    bool has_min, has_max;
    int64_t min, max; /* of the length, or of the value for numbers */
    const struct shape_pattern *pattern;
    const struct shape_enum *values; /* of an enum */

    const struct shape *key;     /* of a map: a string */
    const struct shape *element; /* of a list or a map */
    uint32_t entry_size;         /* of a list element or a map entry */
    uint32_t value_offset;       /* of the value in a map entry */

    const struct shape_member *members; /* of a structure, in the order of the model */
    const uint16_t *error_order;        /* the members in the order in which their violations are told */
    uint32_t member_count;
};

/* Shapes without constraints, shared by all models. */
extern const struct shape shape_string, shape_blob, shape_integer, shape_long, shape_double, shape_boolean,
    shape_timestamp;

/* Operations. */
struct rq; /* the request, see api/rq.h; nothing here looks inside */

typedef enum err operation_call(struct rq *rq, const void *in, void *out);

/* Which host names SDKs use for the operation. */
enum operation_plane {
    PLANE_NONE,
    PLANE_CONTROL,
    PLANE_DATA,
};

/* What a call rate is counted for. */
enum rate_scope {
    RATE_NONE,
    RATE_ACCOUNT,
    RATE_STREAM,
    RATE_SHARD,
    RATE_CONSUMER_SHARD,
};

struct operation_rate {
    uint32_t per_second;
    enum rate_scope scope;
    enum err err; /* what a caller above the rate gets */
};

/* How the input names what the call is about, so that authorization has an ARN before the handler runs. */
enum resource_kind {
    RESOURCE_ANY,   /* "*" */
    RESOURCE_NAME,  /* a stream's name */
    RESOURCE_ARN,   /* of whatever it names */
    RESOURCE_TOKEN, /* a shard iterator or a page token, which holds it */
};

/* The first member that is present names the resource; a row of RESOURCE_ANY has no member and always applies. */
struct operation_resource {
    enum resource_kind kind;
    uint16_t member; /* index into the input's members; a string */
};

struct operation {
    str name;
    uint16_t index; /* in the service's table, which is sorted by name */
    const struct shape *input, *output;
    const struct shape *events; /* the union of events that is streamed after the output, or NULL */
    enum operation_plane plane;
    struct operation_rate rate;
    const struct operation_resource *resources;
    size_t resource_count;
    const enum err *errors; /* what the model says it may answer */
    size_t error_count;
    str http_method, http_uri; /* REST bindings; absent otherwise */
    uint16_t http_status;
    bool has_output; /* false: a success has an empty body */
};

struct service_error {
    enum err err;
    str name; /* on the wire */
    uint16_t status;
};

struct service {
    str name, version, target_prefix, signing_name;
    const struct operation *operations;
    size_t operation_count;
    const struct service_error *errors; /* those of one operation and those every operation may give */
    size_t error_count;
};

/* NULL if there is no such operation. */
const struct operation *service_operation(const struct service *service, str name);

/* The wire name and status of `err`; the row of ERR_INTERNAL if the service does not model it. Never NULL. */
const struct service_error *service_error(const struct service *service, enum err err);

/* The constant of an enum's name; -1 if there is none. */
int shape_enum_find(const struct shape_enum *values, str name);

/* The name of an enum's constant; absent if there is none. */
str shape_enum_name(const struct shape_enum *values, int constant);
