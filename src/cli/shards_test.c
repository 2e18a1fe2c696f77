/* Tests of how a reader walks shards: order, parents before children, and what answers may look like. */
#include "shards.c"

#include "unit.h"

static struct buf answer;
static char seen[256];

static struct buf *say(const char *text)
{
    buf_clear(&answer);
    if (answer.size_max == 0)
        buf_init(&answer, 1 << 20);
    buf_append(&answer, str_of(text));
    return &answer;
}

static enum err each(void *ctx, const struct record_line *line)
{
    size_t size = strlen(seen);

    snprintf(seen + size, sizeof(seen) - size, "%.*s=%.*s@%.*s/%lld;", STR_ARG(line->key), STR_ARG(line->data),
             STR_ARG(line->sequence), (long long)line->arrived);
    return OK;
}

static enum err child(void *ctx, str id, str parent, str adjacent)
{
    size_t size = strlen(seen);

    snprintf(seen + size, sizeof(seen) - size, "child %.*s of %.*s,%.*s;", STR_ARG(id), STR_ARG(parent),
             STR_ARG(adjacent));
    return OK;
}

static const struct records_reader reader = { .each = each, .child = child };

TEST("shards stand in the order of their ids, whatever the order of the answer, and once each")
{
    struct shards shards;
    str token;

    shards_init(&shards);
    CHECK_INT(shards_page(&shards,
                          say("{\"Shards\":[{\"ShardId\":\"s2\",\"ParentShardId\":\"s0\"},{\"ShardId\":\"s0\","
                              "\"HashKeyRange\":{\"StartingHashKey\":\"0\"}}],\"NextToken\":\"t\"}"),
                          &token),
              OK);
    CHECK_STR(token, "t");
    CHECK_INT(shards_page(&shards, say("{\"Shards\":[{\"ShardId\":\"s1\"},{\"ShardId\":\"s2\"}]}"), &token), OK);
    CHECK(!str_present(token));
    CHECK_INT(shards.count, 3);
    for (size_t i = 0; i < 3; i++)
        CHECK(shards.cursors[i]->id.at[1] == (char)('0' + i));
    CHECK(!shards_ready(&shards, shards.cursors[2]));
    shards.cursors[0]->drained = true;
    CHECK(shards_ready(&shards, shards.cursors[2]));
    shards_deinit(&shards);
}

TEST("the child of a merge waits for both parents; parents that are gone keep nobody waiting")
{
    struct shards shards;
    struct cursor *merged, *orphan;

    shards_init(&shards);
    shards_add(&shards, STR("a"), (str){ 0 }, (str){ 0 });
    shards_add(&shards, STR("b"), (str){ 0 }, (str){ 0 });
    merged = shards_add(&shards, STR("c"), STR("a"), STR("b"));
    orphan = shards_add(&shards, STR("d"), STR("gone"), (str){ 0 });
    CHECK(shards_ready(&shards, orphan));
    shards_find(&shards, STR("a"))->drained = true;
    CHECK(!shards_ready(&shards, merged));
    shards_find(&shards, STR("b"))->drained = true;
    CHECK(shards_ready(&shards, merged));
    shards_deinit(&shards);
}

TEST("records are decoded, children told, and the end of a shard has no iterator")
{
    struct records_answer got;

    seen[0] = 0;
    CHECK_INT(shards_records(say("{\"Records\":[{\"Data\":\"b25l\",\"PartitionKey\":\"k\",\"SequenceNumber\":\"7\","
                                 "\"ApproximateArrivalTimestamp\":1.5,\"EncryptionType\":\"NONE\"}],"
                                 "\"NextShardIterator\":\"it\",\"MillisBehindLatest\":12}"),
                             &reader, &got),
              OK);
    CHECK_STR(str_of(seen), "k=one@7/1500;");
    CHECK_STR(got.iterator, "it");
    CHECK_INT(got.behind_ms, 12);
    CHECK_INT(got.records, 1);
    seen[0] = 0;
    CHECK_INT(
        shards_records(say("{\"ChildShards\":[{\"ShardId\":\"c\",\"ParentShards\":[\"a\",\"b\"],\"HashKeyRange\":{}}],"
                           "\"Records\":[],\"NextShardIterator\":null,\"MillisBehindLatest\":0}"),
                       &reader, &got),
        OK);
    CHECK_STR(str_of(seen), "child c of a,b;");
    CHECK(!str_present(got.iterator));
}

TEST("answers that are not what was asked for are refused")
{
    static const char *const bad[] = { "",
                                       "[]",
                                       "{\"Records\":[{\"Data\":\"b2\"}]}",
                                       "{\"Records\":{}}",
                                       "{\"Records\":[]",
                                       "{\"ChildShards\":[{}]}",
                                       "{\"ChildShards\":[1]}" };
    struct records_answer got;
    struct shards shards;
    str token;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        unit_check(shards_records(say(bad[i]), &reader, &got) != OK, __FILE__, __LINE__, bad[i]);
    shards_init(&shards);
    CHECK(shards_page(&shards, say("{\"Shards\":[{}]}"), &token) != OK);
    CHECK(shards_page(&shards, say("{\"Shards\":3}"), &token) != OK);
    shards_deinit(&shards);
    buf_deinit(&answer);
}

UNIT_MAIN
