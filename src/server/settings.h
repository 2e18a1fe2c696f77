/* settings.h: what may be set, and how it is read.
 *
 * Every setting is one row of settings.def. A flag beats a variable, a variable beats the configuration file, the
 * file beats the default; a list is taken whole from the strongest source that names it. Reading is pure: arguments,
 * environment and the file's text come in, a struct or one sentence comes out. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum setting_durability { DURABILITY_SYNC, DURABILITY_OS, DURABILITY_MEMORY };
enum setting_tls { TLS_AUTO, TLS_OFF, TLS_REQUIRED };
enum setting_rules { RULES_AWS, RULES_OFF };
enum setting_log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum setting_log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };
enum setting_access { ACCESS_OFF, ACCESS_ERRORS, ACCESS_ALL };
enum setting_switch { SWITCH_OFF, SWITCH_ON };

struct settings_list {
    const char **items;
    size_t count;
};

enum { SETTINGS_LIST_MAX = 1000, SETTINGS_FILE_BYTES_MAX = 1 << 20, SETTINGS_SHARDS_MAX = 10000 };

struct settings {
#define GROUP(title)
#define TEXT(field, value, fallback, check, manual)           const char *field;
#define LIST(field, variable, value, fallback, check, manual) struct settings_list field;
#define BYTES(field, fallback, min, max, manual)              uint64_t field;
#define TIME(field, fallback, min, max, manual)               int64_t field##_ms;
#define COUNT(field, fallback, min, max, manual)              uint64_t field;
#define CHOICE(field, type, words, fallback, manual)          enum type field;
#define FLAG(field, manual)                                   bool field;
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

struct settings_sources {
    const char *const *args; /* after the command's name, NULL at the end */
    const char *const *env;  /* as environ */
    const char *file;        /* the configuration file's name, for sentences */
    str file_text;           /* absent: there is none */
    bool root;               /* of the user: the default data directory differs */
};

/* The configuration file that flags or environment name (--config FILE, LEAT_CONFIG); NULL: none. */
const char *settings_file(const char *const *args, const char *const *env);

/* Texts live in `arena`, arguments and environment. INVALID_ARGUMENT: `*ret_sentence` names the setting, where it was
 * given, the value and what is allowed. */
must_use enum err settings_read(const struct settings_sources *sources, struct arena *arena,
                                struct settings *ret_settings, str *ret_sentence);

/* The parts of an item of `stream` that has been read. */
str settings_stream(const char *item, uint32_t *ret_shards);

/* Names within the data directory, for the server and for the commands that look into it. */
#define DATA_LOCK       "lock"
#define DATA_VAULT      "vault.json"
#define DATA_MASTER_KEY "master.key"
#define DATA_CA         "ca.pem"
#define DATA_CONTROL    "control.sock"

/* The table for people: as the help of `leat serve`, as a section of the manual page (roff), and as a configuration
 * file in which everything is commented out. */
void settings_help(struct buf *to);
void settings_manual(struct buf *to);
void settings_example(struct buf *to);

/* For the three above and for tests: the rows, in order. */
enum setting_type {
    SETTING_GROUP,
    SETTING_TEXT,
    SETTING_LIST,
    SETTING_BYTES,
    SETTING_TIME,
    SETTING_COUNT,
    SETTING_CHOICE,
    SETTING_FLAG,
};

struct setting {
    enum setting_type type;
    size_t offset;        /* in struct settings */
    const char *field;    /* with underscores; the name has hyphens */
    const char *variable; /* of a list; else LEAT_ and the field in capitals */
    const char *value;    /* placeholder, or the words of a choice */
    const char *fallback;
    const char *min, *max;
    bool (*check)(str text);
    const char *check_says;
    const char *manual; /* of a group: its title */
};

const struct setting *settings_rows(size_t *ret_count);

/* The name with hyphens; the variable, LEAT_ and capitals. */
enum { SETTING_NAME_MAX = 64 };
void setting_name(const struct setting *row, char ret_name[static SETTING_NAME_MAX]);
void setting_variable(const struct setting *row, char ret_variable[static SETTING_NAME_MAX]);
