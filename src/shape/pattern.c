/* pattern.c: running the automata that the generator made of the models' patterns. */
#include "shape/pattern.h"

#include <assert.h>

#include "codec/utf8.h"

static uint32_t code_point(const char *at, size_t size)
{
    const uint8_t *byte = (const uint8_t *)at;

    switch (size) {
    case 2:
        return (byte[0] & 0x1fu) << 6 | (byte[1] & 0x3fu);
    case 3:
        return (byte[0] & 0x0fu) << 12 | (byte[1] & 0x3fu) << 6 | (byte[2] & 0x3fu);
    default:
        assert(size == 4);
        return (byte[0] & 0x07u) << 18 | (byte[1] & 0x3fu) << 12 | (byte[2] & 0x3fu) << 6 | (byte[3] & 0x3fu);
    }
}

static uint16_t class_beyond(const struct shape_pattern *pattern, uint32_t code)
{
    size_t low = 0, high = pattern->beyond_count;

    assert(code >= pattern->beyond[0].first);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (pattern->beyond[middle].first <= code)
            low = middle;
        else
            high = middle;
    }
    return pattern->beyond[low].class;
}

bool pattern_matches(const struct shape_pattern *pattern, str text)
{
    const char *at = text.at, *end = text.at + text.size;
    uint16_t state = pattern->start;

    while (at < end && state != 0) {
        uint16_t class;

        if ((uint8_t)*at < 0x80) {
            class = pattern->ascii[(uint8_t)*at];
            at++;
        } else {
            size_t size = utf8_sequence(at, end);

            if (size == 0)
                return false;
            class = class_beyond(pattern, code_point(at, size));
            at += size;
        }
        assert(class < pattern->class_count);
        state = pattern->next[(size_t)state * pattern->class_count + class];
    }
    return pattern->accepts[state];
}
