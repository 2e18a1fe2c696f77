/* codec_bench.c: how fast a PutRecords body is scanned and its data checked, decoded and encoded again. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "codec/base64.h"
#include "codec/json.h"

enum { RECORDS = 500, DATA_SIZE = 1024, ROUNDS = 2000, BODY_MAX = 1 << 21 };

struct bench {
    struct buf master, body, out;
    double scan, check, decode, encode;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void make_body(struct buf *body)
{
    struct json_writer writer;
    char data[DATA_SIZE];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 37 + i / 7);
    json_write_init(&writer, body);
    json_write_object_begin(&writer);
    json_write_key(&writer, STR("Records"));
    json_write_array_begin(&writer);
    for (int i = 0; i < RECORDS; i++) {
        json_write_object_begin(&writer);
        json_write_key(&writer, STR("Data"));
        json_write_base64(&writer, str_bytes(data, sizeof(data)));
        json_write_key(&writer, STR("PartitionKey"));
        json_write_string(&writer, STR("key-00001234"));
        json_write_object_end(&writer);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}

/* Keep the texts that may be data; false if the body was refused. */
static bool scan(struct buf *body, str *texts, size_t *ret_count)
{
    struct json_token token;
    struct json json;
    size_t count = 0;

    json_init(&json, body->at, body->size, 8);
    do {
        if (json_next(&json, &token) != OK)
            return false;
        if (token.kind == JSON_STRING && token.text.size > 100 && count < RECORDS)
            texts[count++] = token.text;
    } while (token.kind != JSON_END);
    *ret_count = count;
    return true;
}

static bool one_round(struct bench *bench)
{
    static str texts[RECORDS];
    size_t count = 0, size = 0;
    double times[5];

    buf_clear(&bench->body);
    buf_append(&bench->body, buf_str(&bench->master));
    times[0] = now();
    if (!scan(&bench->body, texts, &count))
        return false;
    times[1] = now();
    for (size_t i = 0; i < count; i++)
        if (base64_check(texts[i], &size, NULL) != OK)
            return false;
    times[2] = now();
    for (size_t i = 0; i < count; i++)
        texts[i].size = base64_decode_checked(texts[i], bench->body.at + (texts[i].at - bench->body.at));
    times[3] = now();
    buf_clear(&bench->out);
    for (size_t i = 0; i < count; i++)
        base64_append(&bench->out, texts[i]);
    times[4] = now();
    bench->scan += times[1] - times[0];
    bench->check += times[2] - times[1];
    bench->decode += times[3] - times[2];
    bench->encode += times[4] - times[3];
    return bench->out.err == OK;
}

int main(void)
{
    struct bench bench = { 0 };
    double gigabytes;

    buf_init(&bench.master, BODY_MAX);
    buf_init(&bench.body, BODY_MAX);
    buf_init(&bench.out, BODY_MAX);
    make_body(&bench.master);
    for (int i = 0; i < ROUNDS; i++)
        if (bench.master.err != OK || !one_round(&bench))
            return 1;
    gigabytes = (double)bench.master.size * ROUNDS / 1e9;
    printf("body of %zu bytes, GB/s of body: scan %.1f, check %.1f, decode %.1f, encode %.1f\n", bench.master.size,
           gigabytes / bench.scan, gigabytes / bench.check, gigabytes / bench.decode, gigabytes / bench.encode);
    buf_deinit(&bench.master);
    buf_deinit(&bench.body);
    buf_deinit(&bench.out);
    return 0;
}
