/* options.h: the flags of a command as a table, from which reading and help follow. */
#pragma once

#include "base/buf.h"

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_COUNT };

struct option {
    const char *name;  /* without the hyphens */
    const char *value; /* placeholder; NULL for a flag */
    enum option_type type;
    size_t offset;     /* of a bool, a const char * or a uint64_t in the target */
    uint64_t min, max; /* of a count */
    const char *manual;
};

struct option_set {
    const struct option *options;
    size_t count;
    void *target;
};

enum { OPTIONS_SENTENCE_MAX = 512 };

struct options_rest {
    const char *args[64]; /* what is no option, in order */
    size_t count;
};

/* --name VALUE and --name=VALUE; a lone -- ends the options. INVALID_ARGUMENT with a sentence that names the option,
 * the value and what is allowed. */
must_use enum err options_read(const char *const *args, const struct option_set *sets, size_t set_count,
                               struct options_rest *ret_rest, char ret_sentence[static OPTIONS_SENTENCE_MAX]);

/* Two lines for each option. */
void options_help(struct buf *to, const struct option *options, size_t count);
