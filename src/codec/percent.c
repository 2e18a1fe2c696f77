/* percent.c: percent-encoding, and the pairs of a query string. */
#include "codec/percent.h"

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '~';
}

void percent_encode(struct buf *buf, str text, str keep)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t from = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.at[i];

        if (unreserved(text.at[i]) || str_index(keep, text.at[i]) < keep.size)
            continue;
        buf_append(buf, str_slice(text, from, i));
        buf_append(buf, str_bytes((char[3]){ '%', digits[byte >> 4], digits[byte & 15] }, 3));
        from = i + 1;
    }
    buf_append(buf, str_slice(text, from, text.size));
}

/* The byte that the three characters at `index` stand for. */
static enum err decode_one(str text, size_t index, char *ret_byte)
{
    uint8_t byte;

    if (text.size - index < 3)
        return ERR_MALFORMED;
    TRY(str_unhex(str_slice(text, index + 1, index + 3), &byte));
    *ret_byte = (char)byte;
    return OK;
}

static enum err check(str text)
{
    char byte;

    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] == '%')
            TRY(decode_one(text, i, &byte));
    return OK;
}

enum err percent_decode(struct buf *buf, str text, enum percent_plus plus)
{
    size_t i = 0, used = 0;
    char *to;

    TRY(check(text));
    to = text.size ? buf_reserve(buf, text.size) : NULL;
    if (to == NULL)
        return buf->err;
    while (i < text.size) {
        char byte = text.at[i];

        if (byte == '%') {
            TRY(decode_one(text, i, &byte));
            i += 2;
        } else if (byte == '+' && plus == PERCENT_PLUS_SPACE) {
            byte = ' ';
        }
        to[used++] = byte;
        i++;
    }
    buf->size += used;
    return OK;
}

bool percent_next_pair(str *rest, str *ret_name, str *ret_value)
{
    while (rest->size) {
        str pair = str_cut(rest, '&');

        if (pair.size == 0)
            continue;
        *ret_name = str_cut(&pair, '=');
        *ret_value = pair;
        return true;
    }
    return false;
}
