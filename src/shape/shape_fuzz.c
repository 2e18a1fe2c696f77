/* shape_fuzz.c: arbitrary bytes as requests. The first byte picks the operation, the second the format.
 *
 * What is decoded is validated and, in every format, encoded and decoded again to the same. */
#include <stdlib.h>

#include "kinesis_model.h"
#include "shape/decode.h"
#include "shape/encode.h"
#include "shape/validate.h"
#include "test_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct format *const formats[] = { &format_aws_json, &format_aws_cbor, &format_rpc_cbor };

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Times far away lose milliseconds when they travel as a double, so only the two exact formats must agree. */
static void there_and_back(const struct shape *shape, const void *value, struct arena *arena)
{
    struct buf first, again;
    str message;

    for (size_t i = 0; i < 2; i++) {
        void *back = arena_alloc(arena, shape->size);
        str copy;

        buf_init(&first, 64 << 20);
        buf_init(&again, 64 << 20);
        shape_encode(formats[i], shape, value, &first);
        copy = arena_str(arena, buf_str(&first));
        if (back && first.err == OK && str_present(copy)) {
            enum err err = shape_decode(formats[i], shape, (char *)copy.at, copy.size, arena, back, &message);

            require(err == OK || err == ERR_NO_MEMORY);
            shape_encode(formats[i], shape, back, &again);
            require(err != OK || str_eq(buf_str(&first), buf_str(&again)));
        }
        buf_deinit(&first);
        buf_deinit(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct shape *shape = &test_everything_shape;
    str message = { 0 };
    struct arena arena;
    char *body;
    void *in;

    if (size < 2)
        return 0;
    if (data[0] < kinesis_service.operation_count)
        shape = kinesis_service.operations[data[0]].input;
    else if (data[0] & 1)
        shape = &test_limits_shape;
    body = malloc(size - 2 + 1);
    require(body != NULL);
    memcpy(body, data + 2, size - 2);
    arena_init(&arena, 8 << 20);
    in = arena_alloc(&arena, shape->size);
    if (in && shape_decode(formats[data[1] % 3], shape, body, size - 2, &arena, in, &message) == OK) {
        enum err err = shape_validate(shape, in, &arena, &message);

        require(err == OK || err == ERR_VALIDATION || err == ERR_NO_MEMORY);
        require(err != ERR_VALIDATION || str_is_utf8(message) || formats[data[1] % 3]->wire == FORMAT_CBOR);
        there_and_back(shape, in, &arena);
    }
    arena_deinit(&arena);
    free(body);
    return 0;
}
