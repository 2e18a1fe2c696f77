/* shape.c: finding things in the generated tables, and the shapes that all models share. */
#include "shape/shape.h"

#include <assert.h>

#include "shape/format.h"

#define PLAIN_SHAPE(of, shape_kind, type)                                                                              \
    const struct shape shape_##of = { .name = { .at = #of, .size = sizeof(#of) - 1 },                                  \
                                      .kind = (shape_kind),                                                            \
                                      .size = sizeof(type) }

PLAIN_SHAPE(string, SHAPE_STRING, str);
PLAIN_SHAPE(blob, SHAPE_BLOB, str);
PLAIN_SHAPE(integer, SHAPE_INTEGER, struct opt_int);
PLAIN_SHAPE(long, SHAPE_LONG, struct opt_int);
PLAIN_SHAPE(double, SHAPE_DOUBLE, struct opt_double);
PLAIN_SHAPE(boolean, SHAPE_BOOLEAN, struct opt_bool);
PLAIN_SHAPE(timestamp, SHAPE_TIMESTAMP, struct opt_ms);

const struct format format_aws_json = { FORMAT_JSON, FORMAT_SECONDS };
const struct format format_aws_cbor = { FORMAT_CBOR, FORMAT_MILLISECONDS };
const struct format format_rpc_cbor = { FORMAT_CBOR, FORMAT_TAGGED_SECONDS };

const struct operation *service_operation(const struct service *service, str name)
{
    size_t low = 0, high = service->operation_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(name, service->operations[middle].name);

        if (order == 0)
            return &service->operations[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct service_error *service_error(const struct service *service, enum err err)
{
    const struct service_error *internal = NULL;

    for (size_t i = 0; i < service->error_count; i++) {
        if (service->errors[i].err == err)
            return &service->errors[i];
        if (service->errors[i].err == ERR_INTERNAL)
            internal = &service->errors[i];
    }
    assert(internal);
    return internal;
}

int shape_enum_find(const struct shape_enum *values, str name)
{
    for (size_t i = 0; i < values->count; i++)
        if (str_eq(values->names[i], name))
            return (int)i + 1;
    return -1;
}

str shape_enum_name(const struct shape_enum *values, int constant)
{
    if (constant < 1 || (size_t)constant > values->count)
        return (str){ 0 };
    return values->names[constant - 1];
}
