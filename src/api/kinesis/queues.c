#include "api/kinesis/next_token.h"
#include "kinesis_model.h"

/* CreateQueue, DescribeQueue, ListQueues, UpdateQueue, DeleteQueue, and the calls on the records of a queue and on its
 * dead letters.
 *
 * This server has no queues and makes none. What can be checked is checked as ever: a caller learns of a wrong ARN, or
 * of attributes that do not fit together, before it learns that the feature is not there. */

static enum err unavailable(struct rq *rq)
{
    return fail(rq, ERR_VALIDATION, "Queues are not available on this server.");
}

static enum err not_found(struct rq *rq, str queue_arn)
{
    return fail(rq, ERR_NOT_FOUND, "Queue %.*s not found.", STR_ARG(queue_arn));
}

static enum err check_attributes(struct rq *rq, const struct kinesis_queue_attributes *attributes)
{
    const struct kinesis_dead_letter_configuration *dead = attributes ? attributes->dead_letter_configuration : NULL;

    if (dead && dead->target_type.is == TARGET_TYPE_BUILT_IN && !dead->max_receive_count.present)
        return fail(rq, ERR_VALIDATION, "MaxReceiveCount must be provided when TargetType is BUILT_IN.");
    return OK;
}

static enum err check_position(struct rq *rq, const struct kinesis_queue_starting_position *position)
{
    if (position && (position->type.is == QUEUE_STARTING_POSITION_TYPE_AT_TIMESTAMP) != position->timestamp.present)
        return fail(rq, ERR_VALIDATION, "Timestamp must be provided when Type is AT_TIMESTAMP, and only then.");
    return OK;
}

enum err create_queue(struct rq *rq, const struct create_queue_input *in, struct create_queue_output *out)
{
    struct stream *stream;

    if (in->stream_configuration_list.count != 1)
        return fail(rq, ERR_VALIDATION, "StreamConfigurationList must contain exactly one entry.");
    TRY(check_position(rq, in->stream_configuration_list.at[0].starting_position));
    TRY(check_attributes(rq, in->queue_attributes));
    TRY(find_stream(rq, (str){ 0 }, in->stream_configuration_list.at[0].stream_arn, &stream));
    return unavailable(rq);
}

enum err update_queue(struct rq *rq, const struct update_queue_input *in, struct update_queue_output *out)
{
    TRY(check_attributes(rq, in->queue_attributes));
    return unavailable(rq);
}

enum err describe_queue(struct rq *rq, const struct describe_queue_input *in, struct describe_queue_output *out)
{
    return not_found(rq, in->queue_arn);
}

enum err delete_queue(struct rq *rq, const struct delete_queue_input *in, struct delete_queue_output *out)
{
    return not_found(rq, in->queue_arn);
}

/* No stream has queues, so the filter is not looked at: the call is not modelled to say that a stream is missing. */
enum err list_queues(struct rq *rq, const struct list_queues_input *in, struct list_queues_output *out)
{
    str state;

    if (str_present(in->next_token))
        TRY(next_token_open(rq, in->next_token, &state));
    out->queue_summaries.present = true;
    return OK;
}

enum err receive_queue_records(struct rq *rq, const struct receive_queue_records_input *in,
                               struct receive_queue_records_output *out)
{
    return not_found(rq, in->queue_arn);
}

enum err acknowledge_queue_records(struct rq *rq, const struct acknowledge_queue_records_input *in,
                                   struct acknowledge_queue_records_output *out)
{
    return not_found(rq, in->queue_arn);
}

enum err update_queue_records_visibility(struct rq *rq, const struct update_queue_records_visibility_input *in,
                                         struct update_queue_records_visibility_output *out)
{
    return not_found(rq, in->queue_arn);
}

enum err receive_dead_letter_queue_records(struct rq *rq, const struct receive_dead_letter_queue_records_input *in,
                                           struct receive_dead_letter_queue_records_output *out)
{
    return not_found(rq, in->queue_arn);
}

enum err acknowledge_dead_letter_queue_records(struct rq *rq,
                                               const struct acknowledge_dead_letter_queue_records_input *in,
                                               struct acknowledge_dead_letter_queue_records_output *out)
{
    return not_found(rq, in->queue_arn);
}

enum err update_dead_letter_queue_records_visibility(struct rq *rq,
                                                     const struct update_dead_letter_queue_records_visibility_input *in,
                                                     struct update_dead_letter_queue_records_visibility_output *out)
{
    return not_found(rq, in->queue_arn);
}

enum err restore_dead_letter_queue_records(struct rq *rq, const struct restore_dead_letter_queue_records_input *in,
                                           struct restore_dead_letter_queue_records_output *out)
{
    return not_found(rq, in->queue_arn);
}
