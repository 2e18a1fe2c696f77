#include "api/kinesis/records.h"

/* GetRecords: what follows a bookmark, and the next bookmark.
 *
 * The end of a closed shard is told by the absence of a next iterator together with the children, and never by one
 * without the other: consumers build their lineage on that. */

enum { RECORDS_DEFAULT = 10000, ANSWER_BYTES_MAX = 10 << 20, READ_BYTES = 2 * ANSWER_BYTES_MAX };

struct get {
    struct arena_dispose dispose; /* gives the records back when the answer has been encoded and the request is over */
    struct stream_read read;
    struct iter iter;
};

static enum err find(struct rq *rq, const struct iter *iter, struct stream **ret_stream, struct shard **ret_shard)
{
    struct stream *stream = catalog_stream_by_id(api_config(rq->api)->catalog, iter->stream_id);
    struct shard *shard = stream ? stream_shard(stream, iter->shard) : NULL;
    str id;

    if (shard) {
        *ret_stream = stream;
        *ret_shard = shard;
        return OK;
    }
    id = rq_shard_id(rq, iter->shard);
    return fail(rq, ERR_NOT_FOUND, "Shard %.*s in stream %.*s under account %.*s does not exist", STR_ARG(id),
                STR_ARG(iter->stream_name), STR_ARG(iter->account));
}

static enum err decode(struct rq *rq, const struct get_records_input *in, struct iter *ret_iter)
{
    struct arn arn;
    enum err err = iter_decode(api_config(rq->api)->sealer, in->shard_iterator, &rq->arena, ret_iter);

    if (err == ERR_INVALID_ARGUMENT)
        return fail(rq, err, "Invalid ShardIterator.");
    TRY(err);
    if (iter_expired(ret_iter->issued, rq->now)) {
        char issued[DATE_TEXT_MAX], now[DATE_TEXT_MAX];

        date_format_java(ret_iter->issued, issued);
        date_format_java(rq->now, now);
        return fail(rq, ERR_EXPIRED_ITERATOR,
                    "Iterator expired. The iterator was created at time %s while right now it is %s which is further "
                    "in the future than the tolerated delay of 300000 milliseconds.",
                    issued, now);
    }
    if (str_present(in->stream_arn) &&
        (arn_parse(in->stream_arn, &arn) != OK || !str_eq(arn.stream, ret_iter->stream_name)))
        return fail(rq, ERR_INVALID_ARGUMENT, "StreamARN %.*s does not name the stream of the ShardIterator.",
                    STR_ARG(in->stream_arn));
    return OK;
}

static enum err admit(struct rq *rq, struct stream *stream, struct shard *shard)
{
    const struct stream_limits *limits = api_config(rq->api)->limits;
    struct shard_run *run = shard_run(shard);
    struct stream_run *of_stream = stream_run(stream);

    if (run == NULL || of_stream == NULL)
        return ERR_NO_MEMORY;
    if (!limits->enforced ||
        (bucket_level(&run->read_bytes, limits->read_bytes, limits->read_bytes / 8, rq->started_us) >= 0 &&
         bucket_take(&run->read_calls, limits->read_calls, limits->read_calls, 1, rq->started_us)))
        return OK;
    run->count.read_exceeded++;
    of_stream->count.read_exceeded++;
    of_stream->count.get_records_calls++;
    rq->message = rate_exceeded(rq, stream, shard->index);
    return ERR_THROTTLED;
}

static void count(struct rq *rq, struct stream *stream, struct shard *shard, const struct stream_read *read,
                  int64_t behind_ms)
{
    struct stream_run *run = stream_run(stream);
    struct shard_run *of_shard = shard_run(shard);
    int64_t age = read->count ? rq->now - read->records[read->count - 1].time : behind_ms;

    if (run) {
        run->count.get_records_calls++;
        run->count.get_records_success++;
        run->count.get_records_bytes += read->bytes;
        run->count.get_records_records += read->count;
        run->count.get_records_us += (uint64_t)(os_mono_us(api_config(rq->api)->os) - rq->started_us);
        run->count.iterator_age_ms = age > 0 ? (uint64_t)age : 0;
    }
    if (of_shard) {
        of_shard->count.outgoing_bytes += read->bytes;
        of_shard->count.outgoing_records += read->count;
        of_shard->count.iterator_age_ms = age > 0 ? (uint64_t)age : 0;
        bucket_charge(&of_shard->read_bytes, (int64_t)read->bytes);
    }
}

static enum err answer(struct rq *rq, struct get *get)
{
    struct stream_read *read = &get->read;
    struct get_records_output *out = rq->out;
    struct stream *stream;
    struct shard *shard;
    int64_t behind_ms = 0;

    TRY(find(rq, &get->iter, &stream, &shard));
    if (!read->at_end && read->count > 0 && rq->now > read->records[read->count - 1].time)
        behind_ms = rq->now - read->records[read->count - 1].time;
    count(rq, stream, shard, read, behind_ms);
    out->records.at = records_of(&rq->arena, shard, read->records, read->count);
    if (out->records.at == NULL)
        return ERR_NO_MEMORY;
    out->records.count = read->count;
    out->records.present = true;
    rq_expect(rq, read->bytes, records_wire_bytes(read->count));
    out->millis_behind_latest = int_of(behind_ms);
    if (read->at_end && shard->closed_at)
        out->child_shards = child_shards(&rq->arena, stream, shard);
    if (out->child_shards.count > 0)
        return OK;
    get->iter.issued = rq->now;
    get->iter.position = read->next;
    if (read->count > 0)
        get->iter.not_before = 0;
    out->next_shard_iterator = iter_encode(api_config(rq->api)->sealer, &get->iter, &rq->arena);
    return str_present(out->next_shard_iterator) ? OK : ERR_NO_MEMORY;
}

static void release(void *parts)
{
    stream_parts_release(parts);
}

static void dispose(struct arena_dispose *of)
{
    stream_read_release(&container_of(of, struct get, dispose)->read);
}

static void finish(struct rq *rq, struct get *get, enum err err)
{
    struct stream *stream;
    struct shard *shard;

    if (err == OK) {
        arena_on_reset(&rq->arena, &get->dispose, dispose);
        err = answer(rq, get);
        if (err == OK)
            rq_lend(rq, (struct rq_loan){ release, stream_read_take(&get->read), get->read.held_bytes });
    } else if (find(rq, &get->iter, &stream, &shard) != OK) {
        err = ERR_NOT_FOUND; /* the stream went meanwhile and took its keys along: that is why the read failed */
    } else {
        err = key_failed(rq, get->read.key_arn, err);
    }
    rq_finish(rq, err);
}

static void done(struct stream_read *read, enum err err)
{
    finish(read->ctx, container_of(read, struct get, read), err);
}

static void cancel(struct rq *rq)
{
    struct get *get = rq->state;

    stream_read_cancel(&get->read);
}

enum err get_records(struct rq *rq, const struct get_records_input *in, struct get_records_output *out)
{
    struct get *get;
    struct stream *stream;
    struct shard *shard;
    enum err err;
    ms horizon;

    (void)out;
    if (rq_must_wait(rq))
        return ERR_PENDING;
    get = ARENA_NEW(&rq->arena, struct get);
    if (get == NULL)
        return ERR_NO_MEMORY;
    TRY(decode(rq, in, &get->iter));
    TRY(find(rq, &get->iter, &stream, &shard));
    TRY(admit(rq, stream, shard));
    if (in->dry_run.present && in->dry_run.value)
        return refuse_dry_run(rq);
    horizon = stream_horizon(stream, rq->now);
    get->read = (struct stream_read){
        .stream_id = stream->id,
        .shard = shard->index,
        .from = get->iter.position,
        .not_before = get->iter.not_before > horizon ? get->iter.not_before : horizon,
        .records_max = in->limit.present ? (uint32_t)in->limit.value : RECORDS_DEFAULT,
        .bytes_max = ANSWER_BYTES_MAX,
        .arena = &rq->arena,
        .done = done,
        .ctx = rq,
    };
    rq->state = get;
    rq->cancel = cancel;
    err = stream_read_start(api_config(rq->api)->streams, &get->read);
    if (err == ERR_PENDING)
        rq_hold(rq, READ_BYTES); /* how much comes back from disk is not known before */
    else
        finish(rq, get, err);
    return ERR_PENDING;
}
