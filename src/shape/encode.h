/* encode.h: a generated struct to bytes, by its table; and the bodies of errors.
 *
 * Absent members are left out, except lists that the model requires, which come out empty: clients insist on them.
 * Compact, members in the order of the model, so equal structs give equal bytes. */
#pragma once

#include "base/buf.h"
#include "shape/format.h"
#include "shape/shape.h"

/* Appends the struct. A failure waits in buf->err. An enum that is unknown is written as its text. */
void shape_encode(const struct format *format, const struct shape *shape, const void *value, struct buf *buf);

/* Appends {"__type":name,"message":message}; without the second if the message is absent. The key is `Message` for
 * SerializationException, which the service spells so. */
void shape_encode_error(const struct format *format, str name, str message, struct buf *buf);

/* Appends {"message":message}, the payload of an exception within a stream of events; an absent message is empty. */
void shape_encode_message(const struct format *format, str message, struct buf *buf);
