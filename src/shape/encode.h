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

/* Blobs that are sent from where they are: each belongs in front of the byte of the buf that stands at `offset`. */
enum { SHAPE_BLOB_APART_MIN = 512 };

struct shape_blobs {
    struct shape_blob {
        size_t offset;
        str bytes;
    } *at; /* ascending; to be freed by the caller, also after a failure */
    size_t count, capacity;
    size_t bytes; /* of all of them */
};

/* The same in CBOR, but blobs of SHAPE_BLOB_APART_MIN and more are left out of the buf and named in `blobs` (zero at
 * first): what they point to must live until it has been sent. */
void shape_encode_apart(const struct format *format, const struct shape *shape, const void *value, struct buf *buf,
                        struct shape_blobs *blobs);

/* Appends {"__type":name,"message":message}; without the second if the message is absent. The key is `Message` for
 * SerializationException, which the service spells so. */
void shape_encode_error(const struct format *format, str name, str message, struct buf *buf);

/* Appends {"message":message}, the payload of an exception within a stream of events; an absent message is empty. */
void shape_encode_message(const struct format *format, str message, struct buf *buf);
