/* dialect_test.c: every acknowledgement is looked at, so each kind of answer must be told from the others. */
#include <string.h>

#include "kafka.c"
#include "nats.c"
#include "redis.c"

#include "unit.h"

static enum reply look(const struct dialect *dialect, const char *text, size_t size, size_t *ret_size)
{
    *ret_size = 0;
    return dialect->reply(text, text + size, ret_size);
}

#define LOOK(dialect, text) look(&(dialect), text, sizeof(text) - 1, &size)

TEST("redis: an id is good once it is whole, an error is bad")
{
    size_t size;

    CHECK_INT(LOOK(dialect_redis, "$3\r\n1-"), REPLY_PART);
    CHECK_INT(LOOK(dialect_redis, "$3\r\n1-0\r\n$3"), REPLY_GOOD);
    CHECK_INT(size, 9);
    CHECK_INT(LOOK(dialect_redis, "+PONG\r\n"), REPLY_GOOD);
    CHECK_INT(LOOK(dialect_redis, "-ERR no\r\n"), REPLY_BAD);
    CHECK_INT(LOOK(dialect_redis, "$-1\r\n"), REPLY_BAD);
}

TEST("nats: an ack has a sequence number and no error; a ping is neither")
{
    size_t size;

    CHECK_INT(LOOK(dialect_nats, "INFO {\"a\":1}\r\nMSG"), REPLY_OTHER);
    CHECK_INT(size, 14);
    CHECK_INT(LOOK(dialect_nats, "PING\r\n"), REPLY_PING);
    CHECK_INT(LOOK(dialect_nats, "MSG _INBOX.1 1 9\r\n{\"seq\":1}"), REPLY_PART);
    CHECK_INT(LOOK(dialect_nats, "MSG _INBOX.1 1 9\r\n{\"seq\":1}\r\n"), REPLY_GOOD);
    CHECK_INT(size, 29);
    CHECK_INT(LOOK(dialect_nats, "MSG _INBOX.1 1 20\r\n{\"error\":{},\"seq\":0}\r\n"), REPLY_BAD);
    CHECK_INT(LOOK(dialect_nats, "MSG _INBOX.1 1 2\r\n{}\r\n"), REPLY_BAD);
    CHECK_INT(LOOK(dialect_nats, "-ERR 'x'\r\n"), REPLY_BAD);
}

TEST("kafka: the answer's error code decides, wherever that answer has it")
{
    static const char produced[] = "\0\0\0\x2b\0\0\0\0\0\0\0\1\0\5bench\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\0\0\0"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0";
    char refused[sizeof(produced)];
    size_t size;

    CHECK_INT(look(&dialect_kafka, produced, sizeof(produced) - 1, &size), REPLY_GOOD);
    CHECK_INT(size, 47);
    CHECK_INT(look(&dialect_kafka, produced, 46, &size), REPLY_PART);
    memcpy(refused, produced, sizeof(produced));
    refused[28] = 6;
    CHECK_INT(look(&dialect_kafka, refused, sizeof(refused) - 1, &size), REPLY_BAD);
    CHECK_INT(LOOK(dialect_kafka, "\0\0\0\6\0\0\0\x12\0\x23"), REPLY_BAD);
    CHECK_INT(LOOK(dialect_kafka, "\0\0\0\6\0\0\0\x12\0\0"), REPLY_GOOD);
}

TEST("kafka: the checksum is CRC-32C")
{
    CHECK_INT(crc_of("123456789", 9), 0xe3069283u);
    CHECK_INT(crc_of("", 0), 0);
}

TEST("a batch holds each record once, with its key")
{
    static const char keys[2][KEY_BYTES_MAX] = { "k-1", "k-2" };
    static const struct dialect *const all[] = { &dialect_kafka, &dialect_nats, &dialect_redis };
    struct batch batch = { .log = 3, .connection = 7, .count = 2, .record_bytes = 4, .keys = keys,
                           .data = (const unsigned char *)"abcdefgh" };

    for (size_t i = 0; i < 3; i++) {
        struct bytes to = { 0 };

        all[i]->append(&to, &batch);
        CHECK(!to.failed);
        CHECK(memmem(to.at, to.size, "k-1", 3) != NULL);
        CHECK(memmem(to.at, to.size, "k-2", 3) != NULL);
        CHECK(memmem(to.at, to.size, "abcd", 4) != NULL);
        CHECK(memmem(to.at, to.size, "efgh", 4) != NULL);
        CHECK(memmem(to.at, to.size, "abcde", 5) == NULL);
        bytes_deinit(&to);
    }
}

UNIT_MAIN
