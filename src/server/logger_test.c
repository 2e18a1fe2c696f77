/* Tests of the logger: what a line looks like, that nobody can forge one, and that a slow reader costs lines, not time.
 */
#include "logger.c"

#include <fcntl.h>

#include "unit.h"

static const ms noon = 1767268801234; /* 2026-01-01T12:00:01.234Z */

static str line_of(struct buf *line, bool json, enum log_event event, const struct log_field *fields, size_t count)
{
    buf_clear(line);
    put_line(line, json, noon, event, fields, count);
    return buf_str(line);
}

TEST("a line for people and the same line for machines")
{
    const struct log_field fields[] = { LOG_TEXT("listen", STR("127.0.0.1:4567")), LOG_TEXT("data", STR("/a b")),
                                        LOG_NUMBER("shards", -4) };
    struct buf line;

    buf_init(&line, 1 << 16);
    CHECK_STR(line_of(&line, false, EVENT_ready, fields, 3),
              "12:00:01 INFO  ready  listen=127.0.0.1:4567 data=\"/a b\" shards=-4\n");
    CHECK_STR(line_of(&line, true, EVENT_ready, fields, 3),
              "{\"time\":\"2026-01-01T12:00:01.234Z\",\"level\":\"info\",\"event\":\"ready\","
              "\"listen\":\"127.0.0.1:4567\",\"data\":\"/a b\",\"shards\":-4}\n");
    buf_deinit(&line);
}

TEST("a value cannot forge a line, a field or invalid UTF-8")
{
    struct log_field field = LOG_TEXT("x", STR("a\nb\"c\\d\x01\xff\xc3\xa4"));
    struct buf line;

    buf_init(&line, 1 << 16);
    CHECK_STR(line_of(&line, false, EVENT_bad_peer, &field, 1),
              "12:00:01 INFO  bad_peer  x=\"a\\u000ab\\\"c\\\\d\\u0001\\ufffd\xc3\xa4\"\n");
    field.text = STR("a=b");
    CHECK_STR(line_of(&line, false, EVENT_bad_peer, &field, 1), "12:00:01 INFO  bad_peer  x=\"a=b\"\n");
    field.text = STR("");
    CHECK_STR(line_of(&line, false, EVENT_bad_peer, &field, 1), "12:00:01 INFO  bad_peer  x=\"\"\n");
    buf_deinit(&line);
}

TEST("a line has a bound, and says when it was cut")
{
    static char big[5000];
    struct log_field fields[8];
    struct buf line;
    str text;

    memset(big, '\n', sizeof(big));
    for (size_t i = 0; i < 8; i++)
        fields[i] = LOG_TEXT("v", str_bytes(big, sizeof(big)));
    buf_init(&line, LOGGER_LINE_MAX + LOGGER_VALUE_MAX * 8);
    text = line_of(&line, true, EVENT_bad_peer, fields, 8);
    CHECK(text.size <= LOGGER_LINE_MAX);
    CHECK(str_ends(text, STR(",\"cut\":true}\n")));
    memset(big, 'a', sizeof(big));
    text = line_of(&line, true, EVENT_bad_peer, fields, 8);
    CHECK(text.size > 3000 && text.size <= LOGGER_LINE_MAX && str_ends(text, STR("...\",\"cut\":true}\n")));
    buf_deinit(&line);
}

TEST("levels below the wanted one are not written")
{
    struct logger logger;

    logger_init(&logger, (struct logger_config){ .fd = -1, .level = LEVEL_WARN });
    LOG(&logger, noon, ready, LOG_NUMBER("n", 1));
    CHECK_INT(logger.lines.size, 0);
    LOG(&logger, noon, failed, LOG_TEXT("why", STR("disk")));
    CHECK_STR(buf_str(&logger.lines), "12:00:01 ERROR failed  why=disk\n");
    logger_deinit(&logger);
}

TEST("an access line holds what is known and leaves out the rest")
{
    struct logger logger;
    struct log_access access = { .request_id = STR("r1"),
                                 .remote = STR("127.0.0.1"),
                                 .operation = STR("PutRecord"),
                                 .status = 200,
                                 .bytes_in = 10,
                                 .bytes_out = 20,
                                 .us = 30 };

    logger_init(&logger, (struct logger_config){ .fd = -1 });
    logger_access(&logger, noon, &access);
    CHECK_STR(buf_str(&logger.lines),
              "12:00:01 INFO  request  id=r1 remote=127.0.0.1 operation=PutRecord status=200 in=10 out=20 us=30\n");
    logger_deinit(&logger);
}

TEST("a full pipe is never waited for; dropped lines are counted and told")
{
    struct logger logger;
    int ends[2];
    char bytes[4096];
    ssize_t got;
    size_t total = 0;

    CHECK(pipe(ends) == 0);
    CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    logger_init(&logger, (struct logger_config){ .fd = ends[1] });
    for (int i = 0; i < 20000; i++)
        LOG(&logger, noon, log_note, LOG_NUMBER("number", i), LOG_TEXT("text", STR("a line of some length, repeated")));
    CHECK(logger.dropped_total > 1000);
    CHECK(logger.lines.size <= LOGGER_BYTES_MAX);
    for (int turn = 0; turn < 100; turn++) {
        logger_flush(&logger);
        while ((got = read(ends[0], bytes, sizeof(bytes))) > 0)
            total += (size_t)got;
    }
    CHECK_INT(logger.lines.size, 0);
    CHECK(total > LOGGER_FLUSH_BYTES);
    LOG(&logger, noon, ready, LOG_NUMBER("n", 1));
    CHECK(strstr(logger.lines.at, "lines_dropped  count=") == logger.lines.at + 15);
    logger_deinit(&logger);
    close(ends[0]);
    close(ends[1]);
}

TEST("every event has a sentence")
{
    struct buf text;

    buf_init(&text, 1 << 16);
    logger_events(&text);
    CHECK(text.err == OK);
    for (size_t i = 0; i < EVENT_COUNT; i++)
        CHECK(strlen(events[i].sentence) > 20 && strlen(events[i].name) <= 20);
    buf_deinit(&text);
}

static void count_gathered(void *ctx)
{
    ++*(int *)ctx;
}

static void swallow(void *ctx, str lines)
{
}

TEST("who hands the lines over is told of the first one, and again after they have gone")
{
    int told = 0;
    struct logger logger;

    logger_init(&logger, (struct logger_config){ .fd = -1, .sink = swallow, .gathered = count_gathered,
                                                 .gathered_ctx = &told, .level = LEVEL_INFO });
    LOG(&logger, noon, stopped, LOG_TEXT("data", STR("a")));
    LOG(&logger, noon, stopped, LOG_TEXT("data", STR("b")));
    CHECK_INT(told, 1);
    logger_flush(&logger);
    CHECK_INT(told, 1);
    LOG(&logger, noon, stopped, LOG_TEXT("data", STR("c")));
    CHECK_INT(told, 2);
    logger_deinit(&logger);
}

UNIT_MAIN
