/* validate.h: does a decoded struct keep the constraints of its model?
 *
 * The texts are the service's own, for unmodified clients compare them: every violation of a request is told, up to
 * ten, in the order that the model's errorOrder gives, e.g.
 *
 *   2 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: Member must satisfy regular
 *   expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'streamName' failed to satisfy constraint: Member must have
 *   length greater than or equal to 1
 */
#pragma once

#include "base/arena.h"
#include "shape/shape.h"

enum {
    VALIDATE_PARTS_MAX = 10,
    VALIDATE_VALUE_MAX = 64 * 1024, /* bytes that a part may quote of one value */
};

/* VALIDATION and the text for the client, in the arena; NO_MEMORY if there is no room for it. */
must_use enum err shape_validate(const struct shape *shape, const void *value, struct arena *arena, str *ret_message);

/* The same for one value that is not a member of a struct, such as a label of a path; `path` is its name in texts. */
must_use enum err shape_validate_value(const struct shape *shape, const void *value, str path, struct arena *arena,
                                       str *ret_message);
