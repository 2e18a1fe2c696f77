/* Tests of the way from lines to PutRecords and back. */
#include "batch.c"

#include "unit.h"

static struct buf scratch, body, answer;

static str key(const struct key_rule *rule, const char *line)
{
    return key_of_line(rule, str_of(line), &scratch);
}

TEST("a field of the line is the key; a line without it is hashed")
{
    struct key_rule rule = { .kind = KEY_OF_FIELD, .field = 2 };

    buf_init(&scratch, 1 << 20);
    CHECK_STR(key(&rule, "a b c"), "b");
    CHECK_STR(key(&rule, "  a\t\tb"), "b");
    CHECK_INT(key(&rule, "a").size, 16);
    CHECK_INT(key(&rule, "").size, 16);
    CHECK_INT(key(&rule, "a \xff\xfe").size, 16);
    rule.field = 1;
    CHECK_STR(key(&rule, "192.0.2.7 - -"), "192.0.2.7");
}

TEST("a regular expression gives its first group or its match")
{
    struct key_rule rule = { .kind = KEY_OF_REGEX };

    CHECK(regcomp(&rule.regex, "user=([a-z]+)", REG_EXTENDED) == 0);
    CHECK_STR(key(&rule, "x user=ann y"), "ann");
    CHECK_INT(key(&rule, "x user= y").size, 16);
    regfree(&rule.regex);
    CHECK(regcomp(&rule.regex, "[0-9]+", REG_EXTENDED) == 0);
    CHECK_STR(key(&rule, "order 4711 shipped"), "4711");
    regfree(&rule.regex);
}

TEST("the same line has the same hash, and keys spread over lanes")
{
    struct key_rule rule = { .kind = KEY_OF_HASH };
    char first[17] = { 0 }, line[32];
    size_t seen[8] = { 0 };

    memcpy(first, key(&rule, "hello").at, 16);
    CHECK_STR(key(&rule, "hello"), first);
    for (int i = 0; i < 8000; i++) {
        snprintf(line, sizeof(line), "line %d", i);
        seen[lane_of_key(key(&rule, line), 8)]++;
    }
    for (size_t i = 0; i < 8; i++)
        CHECK(seen[i] > 800 && seen[i] < 1200);
}

TEST("a batch takes 500 records or 4 MiB, and any single record")
{
    static struct batch batch;
    static char big[3 << 20];

    batch_init(&batch);
    for (int i = 0; i < 500; i++) {
        CHECK(batch_fits(&batch, 2));
        batch_add(&batch, STR("k"), STR("d"));
    }
    CHECK(!batch_fits(&batch, 2));
    batch_clear(&batch);
    batch_add(&batch, STR("k"), str_bytes(big, sizeof(big)));
    CHECK(!batch_fits(&batch, sizeof(big)));
    CHECK(batch_fits(&batch, 1 << 10));
    batch_clear(&batch);
    CHECK(batch_fits(&batch, RECORD_BYTES_MAX));
    batch_deinit(&batch);
}

TEST("the body is PutRecords; what was refused stays, in order")
{
    static struct batch batch;
    uint64_t taken = 0, bytes = 0;
    char kind[64] = "", sentence[256] = "";

    buf_init(&body, 1 << 20);
    buf_init(&answer, 1 << 20);
    batch_init(&batch);
    batch_add(&batch, STR("a"), STR("one"));
    batch_add(&batch, STR("b\""), STR(""));
    batch_add(&batch, STR("c"), STR("three"));
    batch_body(&batch, STR("S"), &body);
    CHECK_STR(buf_str(&body),
              "{\"StreamName\":\"S\",\"Records\":[{\"Data\":\"b25l\",\"PartitionKey\":\"a\"},"
              "{\"Data\":\"\",\"PartitionKey\":\"b\\\"\"},{\"Data\":\"dGhyZWU=\",\"PartitionKey\":\"c\"}]}");
    buf_append(&answer, STR("{\"FailedRecordCount\":2,\"Records\":["
                            "{\"SequenceNumber\":\"1\",\"ShardId\":\"shardId-0\"},"
                            "{\"ErrorCode\":\"ProvisionedThroughputExceededException\",\"ErrorMessage\":\"Rate\"},"
                            "{\"ErrorCode\":\"InternalFailure\",\"ErrorMessage\":\"x\"}]}"));
    CHECK_INT(batch_settle(&batch, &answer, &taken, &bytes, kind, sentence), OK);
    CHECK_INT(taken, 1);
    CHECK_INT(bytes, 3);
    CHECK_STR(str_of(kind), "ProvisionedThroughputExceededException");
    CHECK_STR(str_of(sentence), "Rate");
    batch_body(&batch, STR("S"), &body);
    CHECK_STR(buf_str(&body), "{\"StreamName\":\"S\",\"Records\":[{\"Data\":\"\",\"PartitionKey\":\"b\\\"\"},"
                              "{\"Data\":\"dGhyZWU=\",\"PartitionKey\":\"c\"}]}");
    batch_deinit(&batch);
}

TEST("an answer that does not fit the request is refused")
{
    static struct batch batch;
    static const char *const bad[] = { "",
                                       "{}",
                                       "[]",
                                       "{\"Records\":[]}",
                                       "{\"Records\":[{},{}]}",
                                       "{\"Records\":[1]}",
                                       "{\"Records\":[{}]",
                                       "{\"Records\":{}}" };
    uint64_t taken, bytes;
    char kind[64], sentence[256];

    batch_init(&batch);
    batch_add(&batch, STR("a"), STR("one"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        buf_clear(&answer);
        buf_append(&answer, str_of(bad[i]));
        unit_check(batch_settle(&batch, &answer, &taken, &bytes, kind, sentence) != OK, __FILE__, __LINE__, bad[i]);
        CHECK_INT(batch.count, 1);
    }
    batch_deinit(&batch);
    buf_deinit(&scratch);
    buf_deinit(&body);
    buf_deinit(&answer);
}

UNIT_MAIN
