/* settings_value.c: one value of one setting: what may be written, and what it means. */
#include "server/settings_value.h"

#include <arpa/inet.h>
#include <assert.h>

struct unit_row {
    const char *suffix;
    uint64_t factor;
};

static const struct unit_row bytes_units[] = {
    { "", 1 }, { "B", 1 }, { "KiB", 1ull << 10 }, { "MiB", 1ull << 20 }, { "GiB", 1ull << 30 }, { "TiB", 1ull << 40 },
};

static const struct unit_row time_units[] = {
    { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
};

static enum err with_unit(str text, const struct unit_row *units, size_t unit_count, uint64_t *ret_number)
{
    size_t digits = 0;
    uint64_t number;

    while (digits < text.size && text.at[digits] >= '0' && text.at[digits] <= '9')
        digits++;
    TRY(str_u64(str_slice(text, 0, digits), &number));
    for (size_t i = 0; i < unit_count; i++) {
        if (!str_eq_nocase(str_slice(text, digits, text.size), str_of(units[i].suffix)))
            continue;
        if (number > (uint64_t)INT64_MAX / units[i].factor)
            return ERR_TOO_LARGE;
        *ret_number = number * units[i].factor;
        return OK;
    }
    return ERR_MALFORMED;
}

enum err settings_bytes(str text, uint64_t *ret_bytes)
{
    return with_unit(text, bytes_units, sizeof(bytes_units) / sizeof(*bytes_units), ret_bytes);
}

enum err settings_time(str text, int64_t *ret_ms)
{
    uint64_t number;

    TRY(with_unit(text, time_units, sizeof(time_units) / sizeof(*time_units), &number));
    *ret_ms = (int64_t)number;
    return OK;
}

/* ---- checks ---------------------------------------------------------------------------------------------------- */

static bool all_of(str text, const char *also, bool upper)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (upper && c >= 'A' && c <= 'Z') ||
              (c != 0 && strchr(also, c))))
            return false;
    }
    return true;
}

bool settings_is_account(str text)
{
    uint64_t number;

    return text.size == 12 && str_u64(text, &number) == OK;
}

bool settings_is_region(str text)
{
    return text.size >= 1 && text.size <= 64 && all_of(text, "-", /* upper= */ false);
}

bool settings_is_host(str text)
{
    return text.size >= 1 && text.size <= 253 && all_of(text, "-.*_", /* upper= */ true);
}

bool settings_is_path(str text)
{
    return text.size >= 1 && text.size < 4096;
}

static bool parse_stream(str text, str *ret_name, uint32_t *ret_shards)
{
    str rest = text, name = str_cut(&rest, ':');
    uint64_t shards = 1;

    if (name.size < 1 || name.size > 128 || !all_of(name, "_.-", /* upper= */ true))
        return false;
    if (str_present(rest) && (str_u64(rest, &shards) != OK || shards < 1 || shards > SETTINGS_SHARDS_MAX))
        return false;
    *ret_name = name;
    *ret_shards = (uint32_t)shards;
    return true;
}

bool settings_is_stream(str text)
{
    str name;
    uint32_t shards;

    return parse_stream(text, &name, &shards);
}

str settings_stream(const char *item, uint32_t *ret_shards)
{
    str name = { 0 };
    bool valid = parse_stream(str_of(item), &name, ret_shards);

    assert(valid);
    (void)valid;
    return name;
}

/* The host of "IP:PORT" or "[IPv6]:PORT" as a C string; the port must be a number below 65536. */
static bool split_address(str text, char ret_host[static 64], bool *ret_six)
{
    bool six = text.size > 0 && text.at[0] == '[';
    size_t end = str_index(text, six ? ']' : ':'), from = six ? 1 : 0, port_at = end + (six ? 2 : 1);
    uint64_t port;

    if (end >= text.size || end - from >= 64 || port_at > text.size || text.at[port_at - 1] != ':')
        return false;
    if (str_u64(str_slice(text, port_at, text.size), &port) != OK || port > 65535)
        return false;
    memcpy(ret_host, text.at + from, end - from);
    ret_host[end - from] = 0;
    *ret_six = six;
    return true;
}

bool settings_is_address(str text)
{
    char host[64];
    struct in6_addr address;
    bool six;

    if (str_starts(text, STR("unix:")))
        return text.size > 5 && text.size - 5 <= 107;
    return split_address(text, host, &six) && inet_pton(six ? AF_INET6 : AF_INET, host, &address) == 1;
}

bool settings_is_loopback(str address)
{
    char host[64];
    bool six;

    if (str_starts(address, STR("unix:")))
        return true;
    return split_address(address, host, &six) && (six ? strcmp(host, "::1") == 0 : strncmp(host, "127.", 4) == 0);
}

/* ---- one value ------------------------------------------------------------------------------------------------- */

static bool word_index(const char *words, str text, unsigned *ret_index)
{
    str rest = str_of(words);

    for (unsigned i = 0; str_present(rest); i++) {
        if (str_eq(str_cut(&rest, '|'), text)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static bool store_number(const struct setting *row, str text, uint64_t *to)
{
    uint64_t number = 0, min = 0, max = 0;
    bool unreadable;

    if (row->type == SETTING_COUNT)
        unreadable = str_u64(text, &number) || str_u64(str_of(row->min), &min) || str_u64(str_of(row->max), &max);
    else if (row->type == SETTING_BYTES)
        unreadable = settings_bytes(text, &number) || settings_bytes(str_of(row->min), &min) ||
                     settings_bytes(str_of(row->max), &max);
    else
        unreadable = settings_time(text, (int64_t *)&number) || settings_time(str_of(row->min), (int64_t *)&min) ||
                     settings_time(str_of(row->max), (int64_t *)&max);
    if (unreadable || number < min || number > max)
        return false;
    *to = number;
    return true;
}

bool setting_store(const struct setting *row, const char *text, void *to)
{
    struct settings_list *list = to;
    unsigned index;

    switch (row->type) {
    case SETTING_GROUP:
        return false;
    case SETTING_TEXT:
        if (!row->check(str_of(text)))
            return false;
        *(const char **)to = text;
        return true;
    case SETTING_LIST:
        if (!row->check(str_of(text)))
            return false;
        list->items[list->count++] = text;
        return true;
    case SETTING_CHOICE:
        if (!word_index(row->value, str_of(text), &index))
            return false;
        *(unsigned *)to = index;
        return true;
    case SETTING_FLAG:
        if (!word_index("off|on|false|true|no|yes|0|1", str_of(text), &index))
            return false;
        *(bool *)to = index % 2;
        return true;
    case SETTING_BYTES:
    case SETTING_TIME:
    case SETTING_COUNT:
        return store_number(row, str_of(text), to);
    }
    return false;
}

void setting_allowed(const struct setting *row, struct buf *to)
{
    switch (row->type) {
    case SETTING_BYTES:
        buf_fmt(to, "bytes from %s to %s, as in %s", row->min, row->max, row->fallback);
        break;
    case SETTING_TIME:
        buf_fmt(to, "a time from %s to %s, as in %s", row->min, row->max, row->fallback);
        break;
    case SETTING_COUNT:
        buf_fmt(to, "a whole number from %s to %s", row->min, row->max);
        break;
    case SETTING_CHOICE:
        buf_fmt(to, "one of %s", row->value);
        break;
    case SETTING_FLAG:
        buf_fmt(to, "on or off");
        break;
    case SETTING_TEXT:
    case SETTING_LIST:
    case SETTING_GROUP:
        buf_fmt(to, "%s", row->check_says);
        break;
    }
}
