/* admin.c: clients change what a stream is rather than how it is cut: encryption, mode, policy. Each of these is one of a
 * few values; the model knows which was acknowledged. */
#include <stdio.h>

#include "work.h"

/* What a request asked to be changed. */
static struct fact *fact_of(struct call *call)
{
    return &call->stream->facts[call->fact];
}

static void fact_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    (void)work_is_done(sim, call, status, answer);
    if (status == 200)
        fact_of(call)->value = call->value;
    else if (status == 0 || status >= 500)
        fact_of(call)->unsure = true;
    work_think(call->client);
}

static void ask(struct client *client, struct stream_model *stream, const char *name, const char *body)
{
    work_ask(client, name, stream, true, body, fact_answered);
}

static void encrypt(struct client *client, struct stream_model *stream)
{
    struct call *call = client->call;
    static const char *const keys[] = { "alias/aws/kinesis", "alias/mine", "alias/other" };
    char body[160];

    call->value = below(client->sim, 3) ? 1 : 0;
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"EncryptionType\":\"KMS\",\"KeyId\":\"%s\"}", stream->name,
                   keys[below(client->sim, 3)]);
    ask(client, stream, call->value ? "StartStreamEncryption" : "StopStreamEncryption", body);
}

static void switch_mode(struct client *client, struct stream_model *stream)
{
    struct call *call = client->call;
    char body[256];

    call->value = (int)below(client->sim, 2);
    (void)snprintf(body, sizeof(body), "{\"StreamARN\":\"" STREAM_ARN "%s\",\"StreamModeDetails\":{\"StreamMode\":\"%s\"}}",
                   stream->name, call->value ? "ON_DEMAND" : "PROVISIONED");
    ask(client, stream, "UpdateStreamMode", body);
}

/* A policy names its number, so that it is known again. */
static void set_policy(struct client *client, struct stream_model *stream)
{
    struct call *call = client->call;
    char body[640];

    call->value = (int)below(client->sim, 3);
    if (call->value)
        (void)snprintf(body, sizeof(body),
                       "{\"ResourceARN\":\"" STREAM_ARN "%s\",\"Policy\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":"
                       "[{\\\"Sid\\\":\\\"p%d\\\",\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":{\\\"AWS\\\":\\\"210987654321\\\"},"
                       "\\\"Action\\\":[\\\"kinesis:PutRecord\\\"],\\\"Resource\\\":\\\"" STREAM_ARN "%s\\\"}]}\"}",
                       stream->name, call->value, stream->name);
    else
        (void)snprintf(body, sizeof(body), "{\"ResourceARN\":\"" STREAM_ARN "%s\"}", stream->name);
    ask(client, stream, call->value ? "PutResourcePolicy" : "DeleteResourcePolicy", body);
}

void work_administer(struct client *client, struct stream_model *stream)
{
    static void (*const kinds[FACT_COUNT])(struct client *, struct stream_model *) = {
        [FACT_ENCRYPTED] = encrypt, [FACT_MODE] = switch_mode, [FACT_POLICY] = set_policy
    };
    struct call *call = client->call;

    call->fact = below(client->sim, 2) ? FACT_ENCRYPTED : (enum fact_kind)below(client->sim, FACT_COUNT);
    if (stream->facts[call->fact].unsure) {
        work_think(client);
        return;
    }
    kinds[call->fact](client, stream);
}
