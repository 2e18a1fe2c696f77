/* subscribe.c: SubscribeToShard from TRIM_HORIZON on every shard, until as many records came as are expected. */
#include <stdlib.h>
#include <unistd.h>

#include "subscription.h"

struct stream {
    const struct options *options;
    struct subscription *subscriptions;
    size_t count;
    int epoll;
    uint64_t records, bytes;
    bool odd;
};

static void payload_count(void *ctx, const char *at, const char *end)
{
    struct stream *stream = ctx;
    struct seen seen = stream->options->wire == WIRE_CBOR ? cbor_records(at, end) : json_records(at, end);

    stream->records += seen.records;
    stream->bytes += seen.bytes;
    stream->odd |= seen.odd;
}

static bool stream_read(struct stream *stream, struct subscription *subscription, struct drive *drive)
{
    enum conn_step step = conn_read(&subscription->conn);
    const struct answer *answer = &subscription->conn.answer;

    if (step == CONN_MORE && (answer->status == 0 || answer->status == 200) &&
        subscription_messages(subscription, payload_count, stream) && !stream->odd)
        return true;
    drive_note(drive, answer->status, &answer->body);
    drive->broken++;
    return false;
}

static bool stream_all(struct stream *stream, char (*ids)[SHARD_ID_BYTES], const char *arn, struct drive *drive)
{
    double start = clock_now(), cpu = cpu_self();
    struct epoll_event events[64];
    bool whole = true;

    for (size_t i = 0; i < stream->count; i++)
        if (!subscription_open(&stream->subscriptions[i], stream->options, arn, ids[i], "TRIM_HORIZON", stream->epoll,
                               (uint32_t)i))
            return false;
    while (whole && stream->records < stream->options->expect) {
        int count = epoll_wait(stream->epoll, events, 64, (int)(drive->silence_s * 1e3));

        if (count <= 0) {
            drive->broken++;
            snprintf(drive->first_error, sizeof(drive->first_error), "no event for %.0f s", drive->silence_s);
            break;
        }
        for (int i = 0; i < count && whole; i++)
            whole = stream_read(stream, &stream->subscriptions[events[i].data.u32], drive);
    }
    drive->seconds = clock_now() - start;
    drive->client_cpu_s = cpu_self() - cpu;
    return true;
}

int mode_subscribe(const struct options *options)
{
    struct stream stream = { .options = options, .epoll = epoll_create1(EPOLL_CLOEXEC) };
    struct drive drive = drive_of(options);
    char (*ids)[SHARD_ID_BYTES] = NULL, arn[512];
    struct usage before;
    int status = 1;

    stream.count = shards_list(options, &ids);
    stream.subscriptions = calloc(stream.count + 1, sizeof(*stream.subscriptions));
    if (stream.count == 0 || stream.epoll < 0 || !stream.subscriptions ||
        !consumer_make(options, 0, arn, sizeof(arn)))
        goto out;
    for (size_t i = 0; i < stream.count; i++)
        stream.subscriptions[i].conn.fd = -1;
    before = server_usage(&options->server);
    if (!stream_all(&stream, ids, arn, &drive)) {
        complain("SubscribeToShard", 0, NULL);
        goto out;
    }
    drive.connections = (int)stream.count;
    status = outcome_print(&(struct outcome){ .options = options, .drive = &drive, .before = before,
                                              .after = server_usage(&options->server), .records = stream.records,
                                              .bytes = stream.bytes });
out:
    for (size_t i = 0; stream.subscriptions && i < stream.count; i++) {
        conn_close(&stream.subscriptions[i].conn);
        request_deinit(&stream.subscriptions[i].request);
    }
    free(stream.subscriptions);
    free(ids);
    if (stream.epoll >= 0)
        close(stream.epoll);
    return status;
}
