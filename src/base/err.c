#include "err.h"

#include <stddef.h>

static const char *const names[ERR_COUNT] = {
    [OK] = "OK",
#define ERR(name, sentence) [ERR_##name] = #name,
#include "../../model/errors.def"
#undef ERR
};

static const char *const sentences[ERR_COUNT] = {
    [OK] = "no error",
#define ERR(name, sentence) [ERR_##name] = sentence,
#include "../../model/errors.def"
#undef ERR
};

const char *err_name(enum err err)
{
    return (size_t)err < ERR_COUNT ? names[err] : "UNKNOWN";
}

const char *err_sentence(enum err err)
{
    return (size_t)err < ERR_COUNT ? sentences[err] : "an unknown error";
}
