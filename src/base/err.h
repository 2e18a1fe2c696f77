/* err.h: the one type of failure.
 *
 * Every fallible function returns enum err and is must_use; OK is 0. The rows, each with one sentence for the
 * reader, are in model/errors.def. A code says what kind of refusal it is; the sentence meant for a client waits
 * in the request (api/rq.h). errno stops in src/os. */
#pragma once

#define must_use __attribute__((warn_unused_result))

enum err {
    OK = 0,
#define ERR(name, sentence) ERR_##name,
#include "../../model/errors.def"
#undef ERR
    ERR_COUNT
};

/* The code's name, for logs and test output: "SEALED". Never NULL. */
const char *err_name(enum err err);

/* The sentence of errors.def. Never NULL. */
const char *err_sentence(enum err err);

/* Pass an error up when nothing needs undoing. */
#define TRY(x)                                                                                                         \
    do {                                                                                                               \
        enum err try_err_ = (x);                                                                                       \
        if (try_err_ != OK)                                                                                            \
            return try_err_;                                                                                           \
    } while (0)
