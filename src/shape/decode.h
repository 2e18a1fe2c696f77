/* decode.h: bytes to a generated struct, by its table.
 *
 * One pass, in place: texts are unescaped and blobs base64-decoded where they stand, so the struct's strs point into
 * the body, which must live as long as the struct. Unknown members are passed over, null is absent, of two equal
 * keys the last counts. A list keeps one element more than its model allows, which is enough for the validator to
 * refuse it. Members that travel outside of the body are left absent.
 *
 * Types are checked here, constraints by validate.h. */
#pragma once

#include "base/arena.h"
#include "shape/format.h"
#include "shape/shape.h"

enum {
    DECODE_DEPTH_MAX = 64, /* containers in each other */
    DECODE_QUOTE_MAX = 4096, /* bytes of a text that a refusal quotes */
};

/* Fills `ret_struct`, of shape->size bytes. SERIALIZATION if the body cannot be read: `ret_message` is then absent if
 * it does not follow its grammar, else the text for the client about the first member of a wrong type, in the arena.
 * NO_MEMORY when the arena is full: a list without a maximum is bounded by nothing else. */
must_use enum err shape_decode(const struct format *format, const struct shape *shape, char *body, size_t size,
                               struct arena *arena, void *ret_struct, str *ret_message);
