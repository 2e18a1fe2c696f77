/* base64.h: standard base64 with padding (RFC 4648, section 4), as strictly as the services read it.
 *
 * Checking and decoding are apart, because a refusal quotes the text and other members may still be refused: check
 * everything first, then decode in place. All three directions use AVX2 where the CPU has it. */
#pragma once

#include "base/buf.h"

enum base64_fault_kind {
    BASE64_LENGTH,    /* not a multiple of four characters */
    BASE64_CHARACTER, /* outside the alphabet, or padding that something follows */
    BASE64_LAST       /* the last character before the padding has bits that the padding throws away, or there are
                         more than two characters of padding */
};

struct base64_fault {
    enum base64_fault_kind kind;
    size_t length; /* in UTF-16 units, as the services count */
    str character; /* BASE64_CHARACTER: the first that offends, a view of the text (a whole UTF-8 sequence) */
};

static inline size_t base64_encoded_size(size_t size)
{
    return (size + 2) / 3 * 4;
}

/* Write base64_encoded_size(bytes.size) characters at `to`, which must not overlap `bytes`. */
void base64_encode(str bytes, char *to);

/* The same, appended. */
void base64_append(struct buf *buf, str bytes);

/* MALFORMED and why, or OK and the size when decoded. `ret_fault` may be NULL; it is set on MALFORMED only. */
must_use enum err base64_check(str text, size_t *ret_size, struct base64_fault *ret_fault);

/* Decode what base64_check has accepted; returns the size. `to` may be text.at itself: the output never runs ahead of
 * the input. It must hold the decoded size and nothing beyond it is touched. */
size_t base64_decode_checked(str text, char *to);

/* Check, then decode. Nothing is written on MALFORMED. */
must_use enum err base64_decode(str text, char *to, size_t *ret_size);
