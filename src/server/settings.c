/* settings.c: the table of settings, and how flags, environment, file and defaults become one struct. */
#include "server/settings.h"

#include <assert.h>
#include <stdlib.h>

#include "server/settings_value.h"

static_assert(sizeof(enum setting_tls) == sizeof(unsigned), "setting_store writes choices as unsigned");

/* What a check wants to see, for sentences. */
#define SAYS_address "IP:PORT, [IPv6]:PORT or unix:PATH"
#define SAYS_stream  "NAME or NAME:SHARDS, NAME of 1 to 128 of a-z A-Z 0-9 _ . -, SHARDS from 1 to 10000"
#define SAYS_account "12 digits"
#define SAYS_region  "1 to 64 of a-z 0-9 -, as in us-east-1"
#define SAYS_host    "a host name"
#define SAYS_path    "a path of 1 to 4095 bytes"

#define AT(field_) .offset = offsetof(struct settings, field_)

static const struct setting rows[] = {
#define GROUP(title) { .type = SETTING_GROUP, .manual = title },
#define TEXT(field_, value_, fallback_, check_, manual_)                                                               \
    { SETTING_TEXT,                                                                                                    \
      AT(field_),                                                                                                      \
      .field = #field_,                                                                                                \
      .value = value_,                                                                                                 \
      .fallback = fallback_,                                                                                           \
      .check = settings_is_##check_,                                                                                   \
      .check_says = SAYS_##check_,                                                                                     \
      .manual = manual_ },
#define LIST(field_, variable_, value_, fallback_, check_, manual_)                                                    \
    { SETTING_LIST,                                                                                                    \
      AT(field_),                                                                                                      \
      .field = #field_,                                                                                                \
      .variable = #variable_,                                                                                          \
      .value = value_,                                                                                                 \
      .fallback = fallback_,                                                                                           \
      .check = settings_is_##check_,                                                                                   \
      .check_says = SAYS_##check_,                                                                                     \
      .manual = manual_ },
#define BYTES(field_, fallback_, min_, max_, manual_)                                                                  \
    { SETTING_BYTES,         AT(field_),  .field = #field_, .value = "BYTES",                                          \
      .fallback = fallback_, .min = min_, .max = max_,      .manual = manual_ },
#define TIME(field_, fallback_, min_, max_, manual_)                                                                   \
    { SETTING_TIME,          AT(field_##_ms), .field = #field_, .value = "TIME",                                       \
      .fallback = fallback_, .min = min_,     .max = max_,      .manual = manual_ },
#define COUNT(field_, fallback_, min_, max_, manual_)                                                                  \
    { SETTING_COUNT,         AT(field_),  .field = #field_, .value = "COUNT",                                          \
      .fallback = fallback_, .min = min_, .max = max_,      .manual = manual_ },
#define CHOICE(field_, type_, words_, fallback_, manual_)                                                              \
    { SETTING_CHOICE, AT(field_), .field = #field_, .value = words_, .fallback = fallback_, .manual = manual_ },
#define FLAG(field_, manual_) { SETTING_FLAG, AT(field_), .field = #field_, .fallback = "off", .manual = manual_ },
#include "server/settings.def"
#undef GROUP
#undef TEXT
#undef LIST
#undef BYTES
#undef TIME
#undef COUNT
#undef CHOICE
#undef FLAG
};

enum { ROW_COUNT = sizeof(rows) / sizeof(*rows) };

/* Sources from the weakest to the strongest; what is taken from a stronger one replaces the weaker. */
enum strength { NOWHERE, BY_DEFAULT, BY_FILE, BY_ENV, BY_FLAG };

struct reading {
    const struct settings_sources *sources;
    struct arena *arena;
    struct settings settings;
    enum strength by[ROW_COUNT];
    str *ret_sentence;
};

const struct setting *settings_rows(size_t *ret_count)
{
    *ret_count = ROW_COUNT;
    return rows;
}

void setting_name(const struct setting *row, char ret_name[static SETTING_NAME_MAX])
{
    size_t i;

    assert(row->field && strlen(row->field) < SETTING_NAME_MAX);
    for (i = 0; row->field[i]; i++)
        ret_name[i] = (char)(row->field[i] == '_' ? '-' : row->field[i]);
    ret_name[i] = 0;
}

void setting_variable(const struct setting *row, char ret_variable[static SETTING_NAME_MAX])
{
    size_t size;

    assert(row->field && strlen(row->field) + 5 < SETTING_NAME_MAX);
    if (row->variable) {
        memcpy(ret_variable, row->variable, strlen(row->variable) + 1);
        return;
    }
    memcpy(ret_variable, "LEAT_", 5);
    size = 5;
    for (const char *at = row->field; *at; at++)
        ret_variable[size++] = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    ret_variable[size] = 0;
}

/* ---- refusals -------------------------------------------------------------------------------------------------- */

static enum err refuse(struct reading *reading, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum err refuse(struct reading *reading, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    *reading->ret_sentence = arena_vfmt(reading->arena, format, args);
    va_end(args);
    return str_present(*reading->ret_sentence) ? ERR_INVALID_ARGUMENT : ERR_NO_MEMORY;
}

/* Levenshtein distance of short names, for "did you mean". */
static unsigned distance(str a, str b)
{
    unsigned row[SETTING_NAME_MAX + 1];

    if (a.size > SETTING_NAME_MAX || b.size > SETTING_NAME_MAX)
        return UINT32_MAX;
    for (unsigned j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.size; j++) {
            unsigned best = diagonal + (a.at[i - 1] != b.at[j - 1]);

            diagonal = row[j];
            if (best > row[j] + 1)
                best = row[j] + 1;
            if (best > row[j - 1] + 1)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b.size];
}

static enum err refuse_unknown(struct reading *reading, str name, const char *where)
{
    char known[SETTING_NAME_MAX], best[SETTING_NAME_MAX] = "";
    unsigned best_distance = 4;

    for (size_t i = 0; i < ROW_COUNT; i++) {
        unsigned far;

        if (rows[i].type == SETTING_GROUP)
            continue;
        setting_name(&rows[i], known);
        far = distance(name, str_of(known));
        if (far < best_distance) {
            best_distance = far;
            memcpy(best, known, sizeof(best));
        }
    }
    if (*best)
        return refuse(reading, "%.*s (%s) is not a setting; did you mean %s?", STR_ARG(name), where, best);
    return refuse(reading, "%.*s (%s) is not a setting; leat serve --help lists them", STR_ARG(name), where);
}

/* ---- taking values --------------------------------------------------------------------------------------------- */

static void *field_of(struct reading *reading, size_t row)
{
    return (char *)&reading->settings + rows[row].offset;
}

/* `text` for the row from a source that is at least as strong as what was there. */
static enum err take(struct reading *reading, size_t row, enum strength by, const char *where, const char *text)
{
    struct settings_list *list = field_of(reading, row);
    struct buf allowed;
    char name[SETTING_NAME_MAX];
    enum err err;

    setting_name(&rows[row], name);
    if (rows[row].type == SETTING_LIST) {
        if (!list->items && !(list->items = ARENA_ARRAY(reading->arena, SETTINGS_LIST_MAX, const char *)))
            return ERR_NO_MEMORY;
        if (reading->by[row] != by)
            list->count = 0;
        if (list->count == SETTINGS_LIST_MAX)
            return refuse(reading, "%s (%s) is given more than %d times", name, where, SETTINGS_LIST_MAX);
    }
    reading->by[row] = by;
    if (setting_store(&rows[row], text, list))
        return OK;
    buf_init(&allowed, 512);
    setting_allowed(&rows[row], &allowed);
    err = refuse(reading, "%s (%s) is \"%.200s\", which is not allowed; allowed: %.*s", name, where, text,
                 STR_ARG(buf_str(&allowed)));
    buf_deinit(&allowed);
    return err;
}

static size_t find_row(str name)
{
    char known[SETTING_NAME_MAX];

    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].type == SETTING_GROUP)
            continue;
        setting_name(&rows[i], known);
        if (str_eq(name, str_of(known)))
            return i;
    }
    return ROW_COUNT;
}

static enum err take_defaults(struct reading *reading)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].fallback)
            TRY(take(reading, i, BY_DEFAULT, "its default", rows[i].fallback));
    return OK;
}

static enum err take_line(struct reading *reading, str line, unsigned number)
{
    str value = line, name = str_trim(str_cut(&value, '='));
    str where = arena_fmt(reading->arena, "line %u of %s", number, reading->sources->file);
    size_t row = find_row(name);
    str copy;

    if (!str_present(where))
        return ERR_NO_MEMORY;
    if (!str_present(value))
        return refuse(reading, "%s: expected NAME = VALUE", where.at);
    if (row == ROW_COUNT)
        return refuse_unknown(reading, name, where.at);
    copy = arena_str(reading->arena, str_trim(value));
    if (!str_present(copy))
        return ERR_NO_MEMORY;
    if (memchr(copy.at, 0, copy.size))
        return refuse(reading, "%s holds a zero byte", where.at);
    return take(reading, row, BY_FILE, where.at, copy.at);
}

static enum err take_file(struct reading *reading)
{
    str rest = reading->sources->file_text;

    for (unsigned number = 1; str_present(rest); number++) {
        str line = str_cut(&rest, '\n');

        if (line.size > 0 && line.at[line.size - 1] == '\r')
            line.size--;
        line = str_trim(line);
        if (line.size > 0 && line.at[0] != '#')
            TRY(take_line(reading, line, number));
    }
    return OK;
}

static const char *env_find(const char *const *env, const char *name)
{
    size_t size = strlen(name);

    for (; env && *env; env++)
        if (strncmp(*env, name, size) == 0 && (*env)[size] == '=')
            return (*env)[size + 1] ? *env + size + 1 : NULL;
    return NULL;
}

static enum err take_env(struct reading *reading)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char variable[SETTING_NAME_MAX];
        const char *text;
        str rest;

        if (rows[i].type == SETTING_GROUP)
            continue;
        setting_variable(&rows[i], variable);
        text = env_find(reading->sources->env, variable);
        if (text && rows[i].type != SETTING_LIST)
            TRY(take(reading, i, BY_ENV, variable, text));
        if (!text || rows[i].type != SETTING_LIST)
            continue;
        for (rest = str_of(text); str_present(rest);) {
            str item = arena_str(reading->arena, str_trim(str_cut(&rest, ',')));

            if (!str_present(item))
                return ERR_NO_MEMORY;
            TRY(take(reading, i, BY_ENV, variable, item.at));
        }
    }
    return OK;
}

/* One flag; `*ret_used` becomes 2 if it took the next argument as its value. */
static enum err take_flag(struct reading *reading, const char *const *args, size_t *ret_used)
{
    str value = str_of(args[0]), name;
    const char *text;
    size_t row;

    if (!str_starts(value, STR("--")))
        return refuse(reading, "\"%.200s\" is not a setting; settings begin with --", args[0]);
    value = str_slice(value, 2, value.size);
    name = str_cut(&value, '=');
    row = find_row(name);
    if (row == ROW_COUNT && !str_eq(name, STR("config")))
        return refuse_unknown(reading, str_of(args[0]).size > 200 ? STR("a long one") : name, "on the command line");
    if (str_present(value)) {
        text = value.at;
    } else if (row < ROW_COUNT && rows[row].type == SETTING_FLAG) {
        text = "on";
    } else {
        text = args[1];
        *ret_used = 2;
    }
    if (!text)
        return refuse(reading, "--%.*s needs a value", STR_ARG(name));
    return row == ROW_COUNT ? OK : take(reading, row, BY_FLAG, "on the command line", text);
}

static enum err take_flags(struct reading *reading)
{
    const char *const *args = reading->sources->args;

    while (args && *args) {
        size_t used = 1;

        TRY(take_flag(reading, args, &used));
        args += used;
    }
    return OK;
}

const char *settings_file(const char *const *args, const char *const *env)
{
    const char *file = env_find(env, "LEAT_CONFIG");

    for (; args && *args; args++) {
        if (strncmp(*args, "--config=", 9) == 0)
            file = *args + 9;
        else if (strcmp(*args, "--config") == 0 && args[1])
            file = *++args;
    }
    return file;
}

/* ---- what rows cannot say -------------------------------------------------------------------------------------- */

static enum err default_data(struct reading *reading)
{
    const char *xdg = env_find(reading->sources->env, "XDG_DATA_HOME"), *home = env_find(reading->sources->env, "HOME");
    str dir;

    if (reading->settings.data)
        return OK;
    if (reading->sources->root)
        dir = STR("/var/lib/leat");
    else if (xdg && *xdg == '/')
        dir = arena_fmt(reading->arena, "%s/leat", xdg);
    else if (home)
        dir = arena_fmt(reading->arena, "%s/.local/share/leat", home);
    else
        return refuse(reading, "data is not set and there is no HOME to put it into; give --data DIR");
    reading->settings.data = dir.at;
    return dir.at ? OK : ERR_NO_MEMORY;
}

/* Settings that contradict each other. */
static enum err check_whole(struct reading *reading)
{
    const struct settings *settings = &reading->settings;

    if (!settings->tls_cert != !settings->tls_key)
        return refuse(reading, "%s is set without %s; a certificate and its key come together",
                      settings->tls_cert ? "tls-cert" : "tls-key", settings->tls_cert ? "tls-key" : "tls-cert");
    if (settings->tls == TLS_OFF && settings->tls_cert)
        return refuse(reading, "tls is \"off\", which is not allowed with tls-cert; allowed: auto or required");
    if (settings->backlog_bytes < 2 * settings->segment_bytes)
        return refuse(reading,
                      "backlog-bytes is %llu, which is not allowed; allowed: at least twice segment-bytes, %llu",
                      (unsigned long long)settings->backlog_bytes, (unsigned long long)(2 * settings->segment_bytes));
    for (size_t i = 0; i < settings->listen.count; i++)
        if (!settings->credentials && !settings->allow_open && !settings_is_loopback(str_of(settings->listen.items[i])))
            return refuse(reading,
                          "listen is \"%s\", which is not a loopback address, and without credentials anybody "
                          "could do anything there; give --credentials FILE, or --allow-open to mean it",
                          settings->listen.items[i]);
    return OK;
}

enum err settings_read(const struct settings_sources *sources, struct arena *arena, struct settings *ret_settings,
                       str *ret_sentence)
{
    struct reading reading = { .sources = sources, .arena = arena, .ret_sentence = ret_sentence };

    TRY(take_defaults(&reading));
    TRY(take_file(&reading));
    TRY(take_env(&reading));
    TRY(take_flags(&reading));
    TRY(default_data(&reading));
    TRY(check_whole(&reading));
    *ret_settings = reading.settings;
    return OK;
}
