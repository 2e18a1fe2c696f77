/* options.c: the flags of a command as a table, from which reading and help follow. */
#include "cli/options.h"

#include <assert.h>
#include <stdio.h>

static const struct option *find(const struct option_set *sets, size_t set_count, str name, void **ret_target)
{
    for (size_t i = 0; i < set_count; i++) {
        for (size_t j = 0; j < sets[i].count; j++) {
            if (str_eq(name, str_of(sets[i].options[j].name))) {
                *ret_target = sets[i].target;
                return &sets[i].options[j];
            }
        }
    }
    return NULL;
}

static enum err store(const struct option *option, void *target, const char *text, char *ret_sentence)
{
    void *to = (char *)target + option->offset;
    uint64_t number;

    switch (option->type) {
    case OPTION_FLAG:
        *(bool *)to = true;
        return OK;
    case OPTION_TEXT:
        *(const char **)to = text;
        return OK;
    case OPTION_COUNT:
        if (str_u64(str_of(text), &number) == OK && number >= option->min && number <= option->max) {
            *(uint64_t *)to = number;
            return OK;
        }
        snprintf(ret_sentence, OPTIONS_SENTENCE_MAX,
                 "--%s is \"%.100s\", which is not allowed; allowed: a whole number from %llu to %llu", option->name,
                 text, (unsigned long long)option->min, (unsigned long long)option->max);
        return ERR_INVALID_ARGUMENT;
    }
    return ERR_INVALID_ARGUMENT;
}

/* One option at args[0]; `*ret_used` becomes 2 if it took the next argument as its value. */
static enum err read_option(const char *const *args, const struct option_set *sets, size_t set_count, size_t *ret_used,
                            char *ret_sentence)
{
    str value = str_of(args[0] + 2), name = str_cut(&value, '=');
    void *target = NULL;
    const struct option *option = find(sets, set_count, name, &target);
    const char *text = value.at;

    if (!option) {
        snprintf(ret_sentence, OPTIONS_SENTENCE_MAX, "there is no option --%.100s", args[0] + 2);
        return ERR_INVALID_ARGUMENT;
    }
    if (option->type == OPTION_FLAG && text) {
        snprintf(ret_sentence, OPTIONS_SENTENCE_MAX, "--%s takes no value", option->name);
        return ERR_INVALID_ARGUMENT;
    }
    if (option->type != OPTION_FLAG && !text) {
        text = args[1];
        *ret_used = 2;
    }
    if (option->type != OPTION_FLAG && !text) {
        snprintf(ret_sentence, OPTIONS_SENTENCE_MAX, "--%s needs a value: --%s %s", option->name, option->name,
                 option->value);
        return ERR_INVALID_ARGUMENT;
    }
    return store(option, target, text, ret_sentence);
}

enum err options_read(const char *const *args, const struct option_set *sets, size_t set_count,
                      struct options_rest *ret_rest, char ret_sentence[static OPTIONS_SENTENCE_MAX])
{
    bool ended = false;

    ret_rest->count = 0;
    while (*args) {
        size_t used = 1;

        if (!ended && strcmp(*args, "--") == 0) {
            ended = true;
        } else if (!ended && strncmp(*args, "--", 2) == 0) {
            TRY(read_option(args, sets, set_count, &used, ret_sentence));
        } else if (ret_rest->count == sizeof(ret_rest->args) / sizeof(*ret_rest->args)) {
            snprintf(ret_sentence, OPTIONS_SENTENCE_MAX, "too many arguments");
            return ERR_INVALID_ARGUMENT;
        } else {
            ret_rest->args[ret_rest->count++] = *args;
        }
        args += used;
    }
    return OK;
}

void options_help(struct buf *to, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_fmt(to, "  --%s%s%s\n      %s\n", options[i].name, options[i].value ? " " : "",
                options[i].value ? options[i].value : "", options[i].manual);
}
