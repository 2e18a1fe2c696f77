/* authorize.c: may this principal do this to that resource?
 *
 * The operation's row says which member names the resource, so there is an ARN before the handler has looked anything
 * up; whether it exists is the handler's to say. In open mode everything is allowed. */
#include <assert.h>

#include "api/room.h"
#include "auth/policy.h"

enum { POLICY_BYTES_MAX = 20480, POLICY_STATEMENTS_MAX = 200, POLICY_VALUES_MAX = 4000 };

static str member_text(const struct rq *rq, uint16_t member)
{
    const struct shape_member *of = &rq->operation->input->members[member];

    return *(const str *)(const void *)((const char *)rq->in + of->offset);
}

/* The ARN that the call is about. A page token that names a resource begins with its ARN and a space. */
static str resource_arn(struct rq *rq)
{
    for (size_t i = 0; i < rq->operation->resource_count; i++) {
        const struct operation_resource *resource = &rq->operation->resources[i];
        struct iter iter;
        str text, state;
        ms issued;

        if (resource->kind == RESOURCE_ANY)
            return STR("*");
        text = member_text(rq, resource->member);
        if (!str_present(text))
            continue;
        if (resource->kind == RESOURCE_ARN)
            return text;
        if (resource->kind == RESOURCE_NAME)
            return rq_stream_arn(rq, rq->region, rq->account, text);
        if (iter_decode(rq->api->config.sealer, text, &rq->arena, &iter) == OK)
            return rq_stream_arn(rq, iter.region, iter.account, iter.stream_name);
        if (page_decode(rq->api->config.sealer, rq->operation->name, text, &rq->arena, &issued, &state) == OK)
            return str_cut(&state, ' ');
    }
    return STR("*");
}

/* The policy that is attached to the resource itself; NULL if there is none. */
static enum err resource_policy(struct rq *rq, str text, struct policy **ret_policy)
{
    static const struct policy_bounds bounds = { POLICY_BYTES_MAX, POLICY_STATEMENTS_MAX, POLICY_VALUES_MAX };
    str sentence;

    *ret_policy = NULL;
    if (!str_present(text))
        return OK;
    return policy_parse(text, POLICY_RESOURCE, bounds, &rq->arena, ret_policy, &sentence);
}

/* What the question needs to know about the resource; nothing if there is no such stream or consumer. */
static enum err ask_resource(struct rq *rq, const struct arn *arn, struct policy_question *question,
                             struct policy **ret_policy)
{
    struct stream *stream = catalog_stream(rq->api->config.catalog, arn->account, arn->region, arn->stream);
    struct consumer *consumer = stream && str_present(arn->consumer) ? stream_consumer(stream, arn->consumer) : NULL;
    const struct catalog_tags *tags;

    *ret_policy = NULL;
    if (stream == NULL || (str_present(arn->consumer) && consumer == NULL))
        return OK;
    tags = consumer ? &consumer->record->tags : &stream->record->tags;
    if (tags->count) {
        static_assert(sizeof(struct policy_tag) == sizeof(struct map_entry), "the same two strs");
        question->resource_tags = (const struct policy_tag *)(const void *)tags->at;
        question->resource_tag_count = tags->count;
    }
    return resource_policy(rq, consumer ? consumer->record->policy : stream->record->policy, ret_policy);
}

static enum err judge(struct rq *rq, str action, str resource)
{
    struct policy_question question = { .identity = &rq->identity,
                                        .action = action,
                                        .resource = resource,
                                        .source_ip = rq->peer,
                                        .user_agent = http_find(rq->http, STR("user-agent")),
                                        .now = rq->now,
                                        .secure_transport = rq->http->secure };
    struct policy *policy = NULL;
    enum policy_verdict verdict;
    struct arn arn;

    if (arn_parse(resource, &arn) == OK) {
        question.resource_account = arn.account;
        TRY(ask_resource(rq, &arn, &question, &policy));
    }
    verdict = policy_judge(&question, policy);
    if (verdict == POLICY_ALLOWED)
        return OK;
    rq->api->config.count->access_denied++;
    rq->message = policy_denial(&question, verdict, &rq->arena);
    return ERR_ACCESS_DENIED;
}

enum err authorize(struct rq *rq)
{
    str action;

    if (rq->api->credentials == NULL && !rq->api->config.tell_resources)
        return OK;
    action = rq_join(rq, (const str[]){ rq->service->signing_name, STR(":"), rq->operation->name }, 3);
    rq->target = arena_str(&rq->arena, resource_arn(rq)); /* outlives the body, into which a given ARN points */
    return rq->api->credentials ? judge(rq, action, rq->target) : OK;
}
