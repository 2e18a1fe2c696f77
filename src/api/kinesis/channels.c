#include "api/kinesis/next_token.h"
#include "kinesis_model.h"

/* CreateChannel, DescribeChannel, ListChannels, UpdateChannel, DeleteChannel: the built-in delivery of a stream.
 *
 * This server delivers nothing, so it has no channels and makes none. What can be checked is checked as ever: a caller
 * learns of a wrong ARN before it learns that the feature is not there. */

static enum err unavailable(struct rq *rq)
{
    return fail(rq, ERR_VALIDATION, "Channels are not available on this server: deliveries are not part of it yet.");
}

static enum err not_found(struct rq *rq, str channel_arn)
{
    return fail(rq, ERR_NOT_FOUND, "Channel %.*s not found.", STR_ARG(channel_arn));
}

enum err create_channel(struct rq *rq, const struct create_channel_input *in, struct create_channel_output *out)
{
    struct stream *stream;

    if ((in->s3_destination_configuration == NULL) == (in->s3_tables_destination_configuration == NULL))
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Exactly one of S3DestinationConfiguration and S3TablesDestinationConfiguration must be provided.");
    for (size_t i = 0; i < in->stream_configuration_list.count; i++)
        TRY(find_stream(rq, (str){ 0 }, in->stream_configuration_list.at[i].stream_arn, &stream));
    return unavailable(rq);
}

enum err update_channel(struct rq *rq, const struct update_channel_input *in, struct update_channel_output *out)
{
    return unavailable(rq);
}

enum err describe_channel(struct rq *rq, const struct describe_channel_input *in, struct describe_channel_output *out)
{
    return not_found(rq, in->channel_arn);
}

enum err delete_channel(struct rq *rq, const struct delete_channel_input *in, struct delete_channel_output *out)
{
    return not_found(rq, in->channel_arn);
}

enum err list_channels(struct rq *rq, const struct list_channels_input *in, struct list_channels_output *out)
{
    struct stream *stream;
    str state;

    if (str_present(in->next_token))
        TRY(next_token_open(rq, in->next_token, &state));
    for (size_t i = 0; i < in->stream_filter.count; i++)
        TRY(find_stream(rq, (str){ 0 }, in->stream_filter.at[i].stream_arn, &stream));
    out->channel_summaries.present = true;
    return OK;
}
