#include "api/kinesis/describe.h"
#include "api/kinesis/next_token.h"

/* ListStreams: the account's streams in the order of their names, names and summaries side by side. */

enum { PAGE_STREAMS_MAX = 100 };

static struct kinesis_stream_summary summary_of(struct rq *rq, const struct stream *stream)
{
    return (struct kinesis_stream_summary){ .stream_name = stream->record->name,
                                            .stream_arn = stream_arn(rq, stream),
                                            .stream_status = stream_status_of(stream),
                                            .stream_mode_details = mode_details_of(rq, stream),
                                            .stream_creation_timestamp = stream->record->created_at };
}

enum err list_streams(struct rq *rq, const struct list_streams_input *in, struct list_streams_output *out)
{
    struct catalog *catalog = api_config(rq->api)->catalog;
    size_t max = in->limit.present && in->limit.value < PAGE_STREAMS_MAX ? (size_t)in->limit.value : PAGE_STREAMS_MAX;
    str after = in->exclusive_start_stream_name;
    struct stream *stream;
    size_t count = 0;

    if (str_present(in->next_token))
        TRY(next_token_open(rq, in->next_token, &after));
    out->stream_names.at = ARENA_ARRAY(&rq->arena, max, str);
    out->stream_summaries.at = ARENA_ARRAY(&rq->arena, max, struct kinesis_stream_summary);
    if (out->stream_names.at == NULL || out->stream_summaries.at == NULL)
        return ERR_NO_MEMORY;
    stream = catalog_next_stream(catalog, rq->account, rq->region, after);
    for (; stream && count < max; count++) {
        out->stream_names.at[count] = stream->record->name;
        out->stream_summaries.at[count] = summary_of(rq, stream);
        stream = catalog_next_stream(catalog, rq->account, rq->region, stream->record->name);
    }
    out->stream_names.count = out->stream_summaries.count = count;
    out->stream_names.present = out->stream_summaries.present = true;
    out->has_more_streams = bool_of(stream != NULL);
    if (stream)
        out->next_token = next_token_make(rq, out->stream_names.at[count - 1]);
    return OK;
}
