#include "api/kinesis/describe.h"
#include "api/kinesis/expect.h"
#include "api/kinesis/next_token.h"

/* ListStreamConsumers: pages of a stream's consumers in the order of their names.
 *
 * A token holds the stream's id and the last name ("id name"), so it goes on with that incarnation or not at all. */

enum { PAGE_CONSUMERS_MAX = 100 };

static enum err resume(struct rq *rq, const struct list_stream_consumers_input *in, const struct stream *stream,
                       str *ret_after)
{
    uint64_t id;
    str state;

    if (in->stream_creation_timestamp.present)
        return next_token_alone(rq, "StreamCreationTimestamp");
    TRY(next_token_open(rq, in->next_token, &state));
    TRY(str_u64(str_cut(&state, ' '), &id));
    if (id != stream->id)
        return fail(rq, ERR_INVALID_ARGUMENT, "NextToken was not issued for stream %.*s under account %.*s.",
                    STR_ARG(stream->record->name), STR_ARG(stream->record->account));
    *ret_after = state;
    return OK;
}

enum err list_stream_consumers(struct rq *rq, const struct list_stream_consumers_input *in,
                               struct list_stream_consumers_output *out)
{
    bool bounded = in->max_results.present && in->max_results.value < PAGE_CONSUMERS_MAX;
    size_t max = bounded ? (size_t)in->max_results.value : PAGE_CONSUMERS_MAX, count = 0;
    struct consumer *consumer;
    struct stream *stream;
    str after = { 0 };

    TRY(find_stream(rq, (str){ 0 }, in->stream_arn, &stream));
    if (str_present(in->next_token))
        TRY(resume(rq, in, stream, &after));
    TRY(expect_incarnation(rq, stream, in->stream_creation_timestamp));
    out->consumers.at = ARENA_ARRAY(&rq->arena, max, struct kinesis_consumer);
    if (out->consumers.at == NULL)
        return ERR_NO_MEMORY;
    consumer = stream_next_consumer(stream, after);
    for (; consumer && count < max; consumer = stream_next_consumer(stream, consumer->record->name))
        out->consumers.at[count++] = consumer_of(rq, consumer);
    out->consumers.count = count;
    out->consumers.present = true;
    if (consumer) {
        str last = out->consumers.at[count - 1].consumer_name;

        out->next_token = next_token_make(rq, rq_fmt(rq, "%llu %.*s", (unsigned long long)stream->id, STR_ARG(last)));
    }
    return OK;
}
