/* write.c: clients put records. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/base64.h"
#include "work.h"

static void throttled(struct sim *sim, struct record *record)
{
    record->fate = FATE_REFUSED;
    record->throttled = true;
    limit_refused(sim, record);
}

static void one_put(struct sim *sim, struct record *record, const struct node *result)
{
    if (str_present(json_text(result, "SequenceNumber")))
        model_acknowledged(sim, record, json_text(result, "ShardId"), json_text(result, "SequenceNumber"));
    else if (str_eq(json_text(result, "ErrorCode"), STR("ProvisionedThroughputExceededException")))
        throttled(sim, record);
}

static void put_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;
    const struct node *results = json_get(answer, "Records");

    (void)work_is_done(sim, call, status, answer);
    if (status == 200 && results) {
        const struct node *result = results->child;

        for (size_t i = 0; i < call->count; i++) {
            one_put(sim, call->records[i], result);
            result = result ? result->next : NULL;
        }
    } else if (status == 200) {
        one_put(sim, call->records[0], answer);
    } else if (is_error(answer, "ProvisionedThroughputExceededException")) {
        for (size_t i = 0; i < call->count; i++)
            throttled(sim, call->records[i]);
    } else if (status >= 400 && status < 500) {
        for (size_t i = 0; i < call->count; i++)
            call->records[i]->fate = FATE_REFUSED;
    }
    work_think(call->client);
}

static void append_record(struct buf *body, const struct record *record)
{
    char *data = malloc(record->size);

    if (data == NULL)
        abort();
    record_data(record, data);
    buf_fmt(body, "\"PartitionKey\":\"k%u\",\"Data\":\"", record->key);
    base64_append(body, str_bytes(data, record->size));
    buf_append(body, STR("\""));
    free(data);
}

static struct record *new_record(struct client *client, struct stream_model *stream)
{
    struct sim *sim = client->sim;
    uint32_t size = (uint32_t)below(sim, below(sim, 20) ? 300 : 20000);

    return model_new_record(sim, stream, (uint32_t)below(sim, KEYS), size);
}

void work_put(struct client *client, struct stream_model *stream, size_t count)
{
    struct call *call = client->call;
    struct buf body;

    buf_init(&body, BODY_BYTES_MAX);
    buf_fmt(&body, "{\"StreamName\":\"%s\",", stream->name);
    call->count = count ? count : 1;
    if (count)
        buf_append(&body, STR("\"Records\":["));
    for (size_t i = 0; i < call->count; i++) {
        call->records[i] = new_record(client, stream);
        if (call->records[i] == NULL)
            abort();
        call->records[i]->alone = call->count == 1;
        buf_append(&body, count == 0 ? STR("") : i ? STR(",{") : STR("{"));
        append_record(&body, call->records[i]);
        buf_append(&body, count == 0 ? STR("") : STR("}"));
    }
    buf_append(&body, count ? STR("]}") : STR("}"));
    buf_byte(&body, 0);
    note(client->sim, "client %u puts %zu from record %llu into %s", client->number, call->count,
         (unsigned long long)call->records[0]->id, stream->name);
    work_ask(client, count ? "PutRecords" : "PutRecord", stream, false, body.at, put_answered);
    buf_deinit(&body);
}
