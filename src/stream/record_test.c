#include "record.c"

#include <stdlib.h>

#include "unit.h"

static size_t sample(char *bytes)
{
    char *end = stream_record_encode(STR("key"), STR("data"), bytes);

    end = stream_record_encode((str){ 0 }, str_bytes("\0\xff", 2), end);
    end = stream_record_encode(STR(""), STR(""), end);
    return (size_t)(end - bytes);
}

TEST("records of a batch come back one after the other; no key is not the empty key")
{
    char bytes[100];
    str body = str_bytes(bytes, sample(bytes)), key, data;

    CHECK_INT(body.size, stream_record_size(STR("key"), STR("data")) + stream_record_size((str){ 0 }, STR("ab")) +
                             stream_record_size(STR(""), STR("")));
    CHECK_INT(stream_record_next(&body, &key, &data), OK);
    CHECK_STR(key, "key");
    CHECK_STR(data, "data");
    CHECK_INT(stream_record_next(&body, &key, &data), OK);
    CHECK(!str_present(key) && str_eq(data, str_bytes("\0\xff", 2)));
    CHECK_INT(stream_record_next(&body, &key, &data), OK);
    CHECK(str_present(key) && key.size == 0 && data.size == 0);
    CHECK_INT(stream_record_next(&body, &key, &data), ERR_CORRUPT);
}

TEST("a body that is cut anywhere ends in a refusal, within its bounds")
{
    char bytes[100];
    size_t size = sample(bytes), whole[] = { 0, 13, 21, 27 };

    for (size_t cut = 0; cut <= size; cut++) {
        char *exact = malloc(cut ? cut : 1);
        str body = str_bytes(exact, cut), key, data;
        size_t count = 0;

        memcpy(exact, bytes, cut);
        while (stream_record_next(&body, &key, &data) == OK)
            count++;
        CHECK(count <= 3 && whole[count] <= cut && (count == 3 || cut < whole[count + 1]));
        free(exact);
    }
}

TEST("lengths that lie are refused")
{
    char bytes[100];
    str body, key, data;

    for (int at = 0; at < RECORD_HEAD_BYTES; at++) {
        (void)stream_record_encode(STR("key"), STR("data"), bytes);
        bytes[at] = (char)0xfe;
        body = str_bytes(bytes, 13);
        CHECK_INT(stream_record_next(&body, &key, &data), ERR_CORRUPT);
    }
}

UNIT_MAIN
