/* Tests of the options of commands. */
#include "options.c"

#include "unit.h"

struct target {
    bool loud;
    const char *file;
    uint64_t count;
};

static const struct option table[] = {
    { .name = "loud", .type = OPTION_FLAG, .offset = offsetof(struct target, loud), .manual = "Loud." },
    { .name = "file",
      .value = "FILE",
      .type = OPTION_TEXT,
      .offset = offsetof(struct target, file),
      .manual = "A file." },
    { .name = "count",
      .value = "N",
      .type = OPTION_COUNT,
      .offset = offsetof(struct target, count),
      .min = 1,
      .max = 9,
      .manual = "How many." },
};

static struct target target;
static struct options_rest rest;
static char sentence[OPTIONS_SENTENCE_MAX];

static enum err read_args(const char *const *args)
{
    const struct option_set sets[] = { { NULL, 0, NULL }, { table, 3, &target } };

    target = (struct target){ 0 };
    sentence[0] = 0;
    return options_read(args, sets, 2, &rest, sentence);
}

#define ARGS(...)                                                                                                      \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

TEST("options and arguments in any order; -- ends the options")
{
    CHECK_INT(read_args(ARGS("one", "--loud", "--file", "f", "two", "--count=3", "--", "--loud", "-")), OK);
    CHECK(target.loud && target.count == 3);
    CHECK_STR(str_of(target.file), "f");
    CHECK_INT(rest.count, 4);
    CHECK_STR(str_of(rest.args[2]), "--loud");
    CHECK_STR(str_of(rest.args[3]), "-");
}

TEST("what is wrong is said with name, value and range")
{
    CHECK_INT(read_args(ARGS("--count", "10")), ERR_INVALID_ARGUMENT);
    CHECK_STR(str_of(sentence), "--count is \"10\", which is not allowed; allowed: a whole number from 1 to 9");
    CHECK_INT(read_args(ARGS("--count=x")), ERR_INVALID_ARGUMENT);
    CHECK_INT(read_args(ARGS("--file")), ERR_INVALID_ARGUMENT);
    CHECK_STR(str_of(sentence), "--file needs a value: --file FILE");
    CHECK_INT(read_args(ARGS("--loud=yes")), ERR_INVALID_ARGUMENT);
    CHECK_STR(str_of(sentence), "--loud takes no value");
    CHECK_INT(read_args(ARGS("--fil", "f")), ERR_INVALID_ARGUMENT);
    CHECK_STR(str_of(sentence), "there is no option --fil");
}

TEST("there is a bound on arguments")
{
    const char *args[70] = { 0 };

    for (size_t i = 0; i < 65; i++)
        args[i] = "x";
    CHECK_INT(read_args(args), ERR_INVALID_ARGUMENT);
    args[64] = NULL;
    CHECK_INT(read_args(args), OK);
}

TEST("the help names every option")
{
    struct buf text;

    buf_init(&text, 1 << 12);
    options_help(&text, table, 3);
    CHECK_STR(buf_str(&text), "  --loud\n      Loud.\n  --file FILE\n      A file.\n  --count N\n      How many.\n");
    buf_deinit(&text);
}

UNIT_MAIN
