/* logger.c: one line per event, gathered, escaped and never waited for. */
#include "server/logger.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

struct event_row {
    const char *name;
    enum setting_log_level level;
    const char *sentence;
};

static const struct event_row events[EVENT_COUNT] = {
#define EVENT(name_, level_, sentence_) [EVENT_##name_] = { #name_, LEVEL_##level_, sentence_ },
#include "server/events.def"
#undef EVENT
};

static const char *const level_names[] = { "DEBUG", "INFO", "WARN", "ERROR" };
static const char *const level_json[] = { "debug", "info", "warn", "error" };

enum { ACCESS_FIELDS_MAX = 10, LINE_END_BYTES = 32, KEPT_BYTES = 8 << 10 };

bool logger_wants_json(enum setting_log_format format, int fd)
{
    return format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(fd));
}

void logger_init(struct logger *logger, struct logger_config config)
{
    *logger = (struct logger){ .config = config };
    buf_init(&logger->lines, LOGGER_BYTES_MAX);
    buf_init(&logger->line, LOGGER_LINE_MAX + LOGGER_VALUE_MAX * 8);
    (void)buf_reserve(&logger->line, logger->line.size_max);
    (void)buf_reserve(&logger->lines, KEPT_BYTES);
    logger->lines.err = OK; /* what is not to be had now is asked for again with each line */
}

void logger_deinit(struct logger *logger)
{
    logger_flush(logger);
    buf_deinit(&logger->lines);
    buf_deinit(&logger->line);
}

/* ---- one line -------------------------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 character at the front of `text`; 0 if it is not one. */
static size_t utf8_char(str text)
{
    size_t size = 1;

    if ((uint8_t)text.at[0] >= 0xf0)
        size = 4;
    else if ((uint8_t)text.at[0] >= 0xe0)
        size = 3;
    else if ((uint8_t)text.at[0] >= 0x80)
        size = 2;
    return size <= text.size && str_is_utf8(str_slice(text, 0, size)) ? size : 0;
}

/* A value between quotes. Escapes are those of JSON, which people read as well. */
static void quoted(struct buf *line, str text)
{
    bool cut = text.size > LOGGER_VALUE_MAX;

    buf_byte(line, '"');
    for (text = str_slice(text, 0, LOGGER_VALUE_MAX); text.size > 0;) {
        size_t size = utf8_char(text);
        char c = text.at[0];

        if (size == 0) {
            buf_append(line, STR("\\ufffd"));
            size = 1;
        } else if (c == '"' || c == '\\') {
            buf_byte(line, '\\');
            buf_byte(line, c);
        } else if (size == 1 && ((uint8_t)c < 0x20 || c == 0x7f)) {
            buf_fmt(line, "\\u%04x", (unsigned)(uint8_t)c);
        } else {
            buf_append(line, str_slice(text, 0, size));
        }
        text = str_slice(text, size, text.size);
    }
    buf_append(line, cut ? STR("...\"") : STR("\""));
}

/* May the value stand without quotes in a text line? */
static bool is_plain(str text)
{
    if (text.size == 0 || text.size > LOGGER_VALUE_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if ((uint8_t)text.at[i] <= ' ' || (uint8_t)text.at[i] >= 0x7f || text.at[i] == '"' || text.at[i] == '=' ||
            text.at[i] == '\\')
            return false;
    return true;
}

static void put_field(struct buf *line, bool json, const struct log_field *field)
{
    if (json)
        buf_fmt(line, ",\"%s\":", field->name);
    else
        buf_fmt(line, " %s=", field->name);
    if (!str_present(field->text))
        buf_fmt(line, "%lld", (long long)field->number);
    else if (!json && is_plain(field->text))
        buf_append(line, field->text);
    else
        quoted(line, field->text);
}

static void put_line(struct buf *line, bool json, ms now, enum log_event event, const struct log_field *fields,
                     size_t count)
{
    const struct event_row *row = &events[event];
    char time[DATE_TEXT_MAX];

    date_format_iso(now, time);
    if (json)
        buf_fmt(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", time, level_json[row->level], row->name);
    else
        buf_fmt(line, "%.8s %-5s %s ", time + 11, level_names[row->level], row->name);
    for (size_t i = 0; i < count; i++) {
        size_t before = line->size;

        put_field(line, json, &fields[i]);
        if (line->err == OK && line->size <= LOGGER_LINE_MAX - LINE_END_BYTES)
            continue;
        line->size = before;
        line->err = OK;
        buf_append(line, json ? STR(",\"cut\":true") : STR(" cut=true"));
        break;
    }
    buf_append(line, json ? STR("}\n") : STR("\n"));
}

/* ---- gathering ------------------------------------------------------------------------------------------------- */

static void gather(struct logger *logger, ms now, enum log_event event, const struct log_field *fields, size_t count)
{
    bool first = logger->lines.size == 0;
    struct buf *line = &logger->line;

    buf_clear(line);
    put_line(line, logger->config.json, now, event, fields, count);
    buf_append(&logger->lines, buf_str(line));
    if (line->err != OK || logger->lines.err != OK) {
        logger->lines.err = OK; /* the bound was reached; what is there stays good */
        logger->dropped++;
        logger->dropped_total++;
    }
    if (first && logger->config.gathered)
        logger->config.gathered(logger->config.gathered_ctx);
}

void logger_write(struct logger *logger, ms now, enum log_event event, const struct log_field *fields, size_t count)
{
    assert(event < EVENT_COUNT);
    if (events[event].level < logger->config.level)
        return;
    if (logger->dropped > 0 && logger->lines.size < LOGGER_FLUSH_BYTES) {
        uint64_t dropped = logger->dropped;

        logger->dropped = 0;
        gather(logger, now, EVENT_lines_dropped, &LOG_NUMBER("count", dropped), 1);
    }
    gather(logger, now, event, fields, count);
    if (logger->lines.size >= LOGGER_FLUSH_BYTES)
        logger_flush(logger);
}

void logger_access(struct logger *logger, ms now, const struct log_access *access)
{
    const struct log_field texts[] = {
        LOG_TEXT("id", access->request_id),       LOG_TEXT("remote", access->remote),
        LOG_TEXT("principal", access->principal), LOG_TEXT("operation", access->operation),
        LOG_TEXT("resource", access->resource),   LOG_TEXT("error", access->error),
    };
    struct log_field fields[ACCESS_FIELDS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (str_present(texts[i].text))
            fields[count++] = texts[i];
    fields[count++] = LOG_NUMBER("status", access->status);
    fields[count++] = LOG_NUMBER("in", access->bytes_in);
    fields[count++] = LOG_NUMBER("out", access->bytes_out);
    fields[count++] = LOG_NUMBER("us", access->us);
    assert(count <= ACCESS_FIELDS_MAX);
    logger_write(logger, now, EVENT_request, fields, count);
}

/* A pipe that polls writable takes PIPE_BUF bytes without waiting, so that is the size of a piece. */
void logger_flush(struct logger *logger)
{
    size_t written = 0;

    if (logger->config.sink && logger->lines.size > 0) {
        logger->config.sink(logger->config.sink_ctx, buf_str(&logger->lines));
        written = logger->lines.size;
    }
    while (written < logger->lines.size) {
        struct pollfd room = { .fd = logger->config.fd, .events = POLLOUT };
        size_t piece = logger->lines.size - written;
        ssize_t took;

        if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
            break;
        took = write(logger->config.fd, logger->lines.at + written, piece < PIPE_BUF ? piece : PIPE_BUF);
        if (took <= 0)
            break;
        written += (size_t)took;
    }
    if (written > 0)
        buf_drop(&logger->lines, written);
}

void logger_events(struct buf *to)
{
    for (size_t i = 0; i < EVENT_COUNT; i++)
        buf_fmt(to, "%-20s %-6s %s\n", events[i].name, level_json[events[i].level], events[i].sentence);
}
