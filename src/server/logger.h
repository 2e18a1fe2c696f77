/* logger.h: one line per event, for a person at a terminal or for a machine that collects JSON.
 *
 * Lines are gathered and written by logger_flush, a moment later, or when 64 KiB have come together. The
 * logger never waits for a slow reader: what finds no room is dropped and counted, and the count is a line of its own.
 * A line has a bound and its values are escaped, so nobody can forge a line. Secrets are never given to it. */
#pragma once

#include "base/buf.h"
#include "base/date.h"
#include "server/settings.h"

enum log_event {
#define EVENT(name, level, sentence) EVENT_##name,
#include "server/events.def"
#undef EVENT
    EVENT_COUNT
};

struct logger_config {
    int fd; /* 2, usually */
    void (*sink)(void *ctx, str lines); /* takes them instead of `fd` */
    void *sink_ctx;
    void (*gathered)(void *ctx); /* the first line since everything was handed over: flush soon; may be NULL */
    void *gathered_ctx;
    bool json;
    enum setting_log_level level;
};

struct logger {
    struct logger_config config;
    struct buf lines;
    struct buf line; /* the one that is put together; its memory is kept, so that a want of memory can be told */
    uint64_t dropped; /* since the last line that told */
    uint64_t dropped_total;
};

enum { LOGGER_LINE_MAX = 4096, LOGGER_VALUE_MAX = 1024, LOGGER_FLUSH_BYTES = 64 << 10, LOGGER_BYTES_MAX = 256 << 10 };

/* True if `format` and the kind of file behind `fd` ask for JSON. */
bool logger_wants_json(enum setting_log_format format, int fd);

void logger_init(struct logger *logger, struct logger_config config);
void logger_deinit(struct logger *logger); /* flushes */

struct log_field {
    const char *name; /* lower case, underscores */
    str text;         /* absent: `number` */
    int64_t number;
};

#define LOG_TEXT(name_, text_)     ((struct log_field){ .name = (name_), .text = (text_) })
#define LOG_NUMBER(name_, number_) ((struct log_field){ .name = (name_), .number = (int64_t)(number_) })

/* logger_write(logger, now, EVENT_ready, 2, (struct log_field[]){ LOG_TEXT("data", dir), LOG_NUMBER("shards", 4) }),
 * or with the fields counted for you: LOG(logger, now, ready, LOG_TEXT("data", dir), LOG_NUMBER("shards", 4)). */
void logger_write(struct logger *logger, ms now, enum log_event event, const struct log_field *fields, size_t count);

#define LOG(logger_, now_, event_, ...)                                                                                \
    logger_write((logger_), (now_), EVENT_##event_, (const struct log_field[]){ __VA_ARGS__ },                         \
                 sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))

/* A finished request. Absent texts are left out. */
struct log_access {
    str request_id, remote, principal, operation, resource, error;
    int status;
    uint64_t bytes_in, bytes_out;
    int64_t us;
};

void logger_access(struct logger *logger, ms now, const struct log_access *access);

/* Hand over what was gathered, as far as the reader takes it without waiting. */
void logger_flush(struct logger *logger);

/* Every event with its sentence, for `leat help events`. */
void logger_events(struct buf *to);
