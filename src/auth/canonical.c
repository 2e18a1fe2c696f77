/* canonical.c: the canonical request of SigV4. */
#include "auth/canonical.h"

#include <stdlib.h>

#include "codec/percent.h"

void canonical_path(struct buf *buf, str path)
{
    size_t start = buf->size;
    bool directory = path.size && path.at[path.size - 1] == '/';

    while (str_present(path)) {
        str segment = str_cut(&path, '/');

        if (segment.size == 0 || str_eq(segment, STR(".")))
            continue;
        if (str_eq(segment, STR(".."))) {
            while (buf->size > start && buf->at[--buf->size] != '/')
                continue;
            continue;
        }
        buf_byte(buf, '/');
        percent_encode(buf, segment, STR(""));
    }
    if (buf->size == start || directory)
        buf_byte(buf, '/');
}

struct pair {
    str name, value;
    size_t name_from, name_to, value_to; /* where they stand in the text as encoded */
};

static int pair_order(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = str_cmp(a->name, b->name);

    return order ? order : str_cmp(a->value, b->value);
}

/* Decode, then encode as strictly as everybody must; what cannot be decoded is taken as it stands. */
static void encode_again(struct buf *to, struct buf *scratch, str text)
{
    enum err err;

    buf_clear(scratch);
    err = percent_decode(scratch, text, PERCENT_PLUS_LITERAL);
    if (err == OK)
        text = buf_str(scratch);
    else if (err != ERR_MALFORMED)
        to->err = err;
    percent_encode(to, text, STR(""));
}

/* The encoded pairs are laid down in `buf` itself, sorted, and then replaced by the sorted text. */
enum err canonical_query(struct buf *buf, struct buf *scratch, str query, struct arena *arena)
{
    size_t start = buf->size, count = 0, count_max = 1;
    struct pair *pairs;
    str name, value, text;

    if (query.size == 0)
        return OK;
    for (size_t i = 0; i < query.size; i++)
        count_max += query.at[i] == '&';
    if (count_max > CANONICAL_PAIRS_MAX)
        return ERR_TOO_LARGE;
    pairs = ARENA_ARRAY(arena, count_max, struct pair);
    if (pairs == NULL)
        return ERR_NO_MEMORY;
    while (percent_next_pair(&query, &name, &value)) {
        struct pair *pair = &pairs[count];

        if (str_eq(name, STR("X-Amz-Signature")))
            continue;
        pair->name_from = buf->size - start;
        encode_again(buf, scratch, name);
        pair->name_to = buf->size - start;
        encode_again(buf, scratch, value);
        pair->value_to = buf->size - start;
        count++;
    }
    if (buf->err != OK)
        return buf->err;
    text = arena_str(arena, str_slice(buf_str(buf), start, buf->size));
    if (!str_present(text))
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        pairs[i].name = str_slice(text, pairs[i].name_from, pairs[i].name_to);
        pairs[i].value = str_slice(text, pairs[i].name_to, pairs[i].value_to);
    }
    qsort(pairs, count, sizeof(*pairs), pair_order);
    buf->size = start;
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_byte(buf, '&');
        buf_append(buf, pairs[i].name);
        buf_byte(buf, '=');
        buf_append(buf, pairs[i].value);
    }
    return buf->err;
}

/* The value without spaces around it and with each run of spaces inside as one. */
static void header_value(struct buf *buf, str value)
{
    value = str_trim(value);
    if (value.size == 0)
        return;
    if (str_index(value, ' ') == value.size) {
        buf_append(buf, value);
        return;
    }
    for (str run; str_present(value);) {
        run = str_cut(&value, ' ');
        buf_append(buf, run);
        while (value.size && value.at[0] == ' ')
            value = str_slice(value, 1, value.size);
        if (str_present(value))
            buf_byte(buf, ' ');
    }
}

/* All values of that header, joined by commas. False if there is none. */
static bool header_values(struct buf *buf, const struct sigv4_request *request, str name)
{
    bool found = false;

    for (size_t i = 0; i < request->header_count; i++) {
        if (request->headers[i].name.size != name.size || !str_eq_nocase(request->headers[i].name, name))
            continue;
        if (found)
            buf_byte(buf, ',');
        found = true;
        header_value(buf, request->headers[i].value);
    }
    return found;
}

/* "name:value\n". HTTP/2 has no host, and a proxy may turn the one into the other: either answers for both. */
static void header_line(struct buf *buf, const struct sigv4_request *request, str name)
{
    char *to = buf_reserve(buf, name.size + 1);

    if (to == NULL)
        return;
    str_lower(name, to);
    to[name.size] = ':';
    buf->size += name.size + 1;
    if (!header_values(buf, request, name)) {
        if (str_eq_nocase(name, STR("host")))
            (void)header_values(buf, request, STR(":authority"));
        else if (str_eq_nocase(name, STR(":authority")))
            (void)header_values(buf, request, STR("host"));
    }
    buf_byte(buf, '\n');
}

enum err canonical_request(struct buf *buf, struct buf *scratch, const struct sigv4_request *request,
                           const struct canonical_form *form, struct arena *arena)
{
    str names = form->signed_headers;
    size_t count = 0;

    buf_append(buf, request->method);
    buf_byte(buf, '\n');
    if (form->path_as_is)
        buf_append(buf, request->path.size ? request->path : STR("/"));
    else
        canonical_path(buf, request->path);
    buf_byte(buf, '\n');
    TRY(canonical_query(buf, scratch, request->query, arena));
    buf_byte(buf, '\n');
    while (str_present(names)) {
        if (++count > CANONICAL_HEADERS_MAX)
            return ERR_TOO_LARGE;
        header_line(buf, request, str_cut(&names, ';'));
    }
    buf_byte(buf, '\n');
    buf_append(buf, form->signed_headers);
    buf_byte(buf, '\n');
    return buf->err;
}
