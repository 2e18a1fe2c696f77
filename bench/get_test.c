/* get_test.c: records are counted and measured without being decoded, so the counting must be exact. */
#include "get.c"

#include "unit.h"

TEST("JSON records are counted and their data measured, padding included")
{
    static const char text[] = "{\"Records\":[{\"Data\":\"YQ==\",\"PartitionKey\":\"Data\"},{\"Data\" : \"YWI=\"},"
                               "{\"Data\":\"YWJj\"}],\"NextShardIterator\":\"it\",\"MillisBehindLatest\":120}";
    struct seen seen = json_records(text, text + sizeof(text) - 1);

    CHECK_INT(seen.records, 3);
    CHECK_INT(seen.bytes, 6);
    CHECK(!seen.odd);
    CHECK(!at_tip(WIRE_JSON, text, text + sizeof(text) - 1));
}

TEST("JSON data that is no string makes the answer odd")
{
    static const char text[] = "{\"Records\":[{\"Data\":{\"type\":\"Buffer\",\"data\":[1]}}]}";

    CHECK(json_records(text, text + sizeof(text) - 1).odd);
}

TEST("CBOR records are counted, and what looks like a key within data is not one")
{
    static const char text[] = "\xa2gRecords\x82\xa1""dData\x47""dDataAB\xa1""dData\x58\x02xyqNextShardIteratorbit";
    char iterator[16];
    struct seen seen = cbor_records(text, text + sizeof(text) - 1);

    CHECK_INT(seen.records, 2);
    CHECK_INT(seen.bytes, 9);
    CHECK(!seen.odd);
    CHECK(cbor_string(seen.rest, text + sizeof(text) - 1, "NextShardIterator", iterator, sizeof(iterator)));
    CHECK_STR(str_of(iterator), "it");
}

TEST("CBOR data that is text, or longer than the answer, makes it odd")
{
    static const char text[] = "dData\x62xy", longer[] = "dData\x58\x7fxy";

    CHECK(cbor_records(text, text + sizeof(text) - 1).odd);
    CHECK(cbor_records(longer, longer + sizeof(longer) - 1).odd);
}

/* What get.c leans on and these tests never reach. */
int complain(const char *what, int status, const struct answer *answer)
{
    return 1;
}

struct drive drive_of(const struct options *options)
{
    return (struct drive){ 0 };
}

int outcome_print(const struct outcome *outcome)
{
    return 1;
}

size_t shards_list(const struct options *options, char (**ret_ids)[SHARD_ID_BYTES])
{
    return 0;
}

UNIT_MAIN
