/* pattern.h: does a text match a model's regular expression, as a whole?
 *
 * The generator has turned the expression into an automaton (tools/gen/pattern.py), so matching takes one step per
 * character and no memory, whatever a stranger sends. */
#pragma once

#include "base/str.h"

/* From this code point up to the next break, characters are of one class. */
struct pattern_break {
    uint32_t first;
    uint16_t class;
};

struct shape_pattern {
    str text;              /* as messages print it */
    const uint16_t *next;  /* [state * class_count + class]; state 0 refuses for ever */
    const uint8_t *accepts; /* [state] */
    const uint16_t *ascii; /* the classes of the first 128 characters */
    const struct pattern_break *beyond; /* ascending; the first is 0x80 */
    size_t beyond_count;
    uint16_t class_count, start;
};

/* True if all of `text` matches. What is not UTF-8 matches nothing. */
bool pattern_matches(const struct shape_pattern *pattern, str text);
