/* script.c: every operation of Data Streams at least once, each on something of its own, so that what one was told is
 * done stays done whatever becomes of the others. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "kinesis_model.h"
#include "sweep.h"

#define ARN(name)     "arn:aws:kinesis:us-east-1:123456789012:stream/" name
#define QUEUE         "arn:aws:kinesis:us-east-1:123456789012:queue/q:1"
#define CHANNEL       "arn:aws:kinesis:us-east-1:123456789012:channel/c:1"
#define RECEIPT       "\"Entries\":[{\"ReceiptHandle\":\"r\"}]"
#define HIDDEN        "\"Entries\":[{\"ReceiptHandle\":\"r\",\"VisibilityTimeoutSeconds\":1}]"
#define SUMMARY(name) .look = "DescribeStreamSummary", .look_body = "{\"StreamName\":\"" name "\"}"
#define TAGS(name)    .look = "ListTagsForStream", .look_body = "{\"StreamName\":\"" name "\"}"
#define POLICY(name)  .look = "GetResourcePolicy", .look_body = "{\"ResourceARN\":\"" ARN(name) "\"}"
#define BULK(key)     "{\"PartitionKey\":\"" key "\",\"Data\":\"@\"}"
#define STATEMENT(name)                                                                                                    \
    "{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{\\\"Sid\\\":\\\"Sid1\\\",\\\"Effect\\\":\\\"Allow\\\","         \
    "\\\"Principal\\\":{\\\"AWS\\\":\\\"210987654321\\\"},\\\"Action\\\":\\\"kinesis:DescribeStreamSummary\\\","             \
    "\\\"Resource\\\":\\\"" ARN(name) "\\\"}]}"

enum { FAILURES_MAX = 12, PAUSE_US = 150 * 1000, TRIES_MAX = 40, BODY_BYTES_MAX = 256 << 10, BULK_TIMES = 12, BULK_BYTES = 4 << 10 };

struct step {
    const char *operation, *body;   /* $0 to $7: what was saved; @: some KiB of text */
    unsigned times;                 /* 0: once */
    const char *save;               /* a member of the answer, saved as $`slot` */
    unsigned slot;
    bool refused;                   /* 400 is the right answer */
    /* What must be seen ever after, once this was answered. "records": the data of all shards of a stream. */
    const char *look, *look_body, *must, *must_not;
};

#define STEP(name, text, ...) { .operation = name, .body = text, __VA_ARGS__ }

static const struct step script[] = {
    STEP("CreateStream", "{\"StreamName\":\"a\",\"ShardCount\":2}", SUMMARY("a"), .must = "\"StreamName\":\"a\""),
    STEP("CreateStream", "{\"StreamName\":\"b\",\"ShardCount\":1}", SUMMARY("b"), .must = "\"StreamName\":\"b\""),
    STEP("CreateStream", "{\"StreamName\":\"e\",\"ShardCount\":1}", SUMMARY("e"), .must = "\"StreamName\":\"e\""),
    STEP("CreateStream", "{\"StreamName\":\"f\",\"ShardCount\":1}", SUMMARY("f"), .must = "\"StreamName\":\"f\""),
    STEP("CreateStream", "{\"StreamName\":\"m\",\"ShardCount\":1}", SUMMARY("m"), .must = "\"StreamName\":\"m\""),
    STEP("CreateStream", "{\"StreamName\":\"x\",\"ShardCount\":1}"),
    STEP("DescribeStreamSummary", "{\"StreamName\":\"a\"}"),
    STEP("DescribeStream", "{\"StreamName\":\"a\"}"),
    STEP("DescribeLimits", "{}"),
    STEP("DescribeAccountSettings", "{}"),
    STEP("ListStreams", "{}"),
    STEP("ListShards", "{\"StreamName\":\"a\"}"),

    STEP("AddTagsToStream", "{\"StreamName\":\"a\",\"Tags\":{\"t1\":\"v1\",\"t2\":\"v2\"}}", TAGS("a"), .must = "\"t1\""),
    STEP("ListTagsForStream", "{\"StreamName\":\"a\"}"),
    STEP("RemoveTagsFromStream", "{\"StreamName\":\"a\",\"TagKeys\":[\"t2\"]}", TAGS("a"), .must_not = "\"t2\""),
    STEP("TagResource", "{\"ResourceARN\":\"" ARN("a") "\",\"Tags\":{\"t3\":\"v3\",\"t4\":\"v4\"}}", TAGS("a"),
      .must = "\"t3\""),
    STEP("ListTagsForResource", "{\"ResourceARN\":\"" ARN("a") "\"}"),
    STEP("UntagResource", "{\"ResourceARN\":\"" ARN("a") "\",\"TagKeys\":[\"t4\"]}", TAGS("a"), .must_not = "\"t4\""),

    STEP("StartStreamEncryption", "{\"StreamName\":\"e\",\"EncryptionType\":\"KMS\",\"KeyId\":\"alias/sweep\"}",
      SUMMARY("e"), .must = "\"EncryptionType\":\"KMS\""),
    STEP("StartStreamEncryption", "{\"StreamName\":\"f\",\"EncryptionType\":\"KMS\",\"KeyId\":\"alias/sweep\"}"),
    STEP("PutRecord", "{\"StreamName\":\"a\",\"PartitionKey\":\"k\",\"Data\":\"cmVjb3JkLTE=\"}", .look = "records",
      .look_body = "a", .must = "cmVjb3JkLTE="),
    STEP("PutRecords",
      "{\"StreamName\":\"a\",\"Records\":[{\"PartitionKey\":\"1\",\"Data\":\"cmVjb3JkLTI=\"},{\"PartitionKey\":\"2\",\"Data\":"
      "\"cmVjb3JkLTM=\"},{\"PartitionKey\":\"4\",\"Data\":\"cmVjb3JkLTQ=\"}]}",
      .look = "records", .look_body = "a", .must = "cmVjb3JkLTI= cmVjb3JkLTM= cmVjb3JkLTQ="),
    STEP("PutRecord", "{\"StreamName\":\"e\",\"PartitionKey\":\"k\",\"Data\":\"c2VjcmV0LTE=\"}", .look = "records",
      .look_body = "e", .must = "c2VjcmV0LTE="),
    STEP("StopStreamEncryption", "{\"StreamName\":\"f\",\"EncryptionType\":\"KMS\",\"KeyId\":\"alias/sweep\"}",
      SUMMARY("f"), .must = "\"EncryptionType\":\"NONE\""),
    /* More than fits into memory and into the backlog: segments roll, are settled and used again. */
    STEP("PutRecords", "{\"StreamName\":\"a\",\"Records\":[" BULK("1") "," BULK("2") "," BULK("3") "]}", .times = BULK_TIMES),
    STEP("PutRecords", "{\"StreamName\":\"e\",\"Records\":[" BULK("1") "," BULK("2") "]}", .times = BULK_TIMES / 4),
    STEP("GetShardIterator", "{\"StreamName\":\"a\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"TRIM_HORIZON\"}",
      .save = "ShardIterator", .slot = 0),
    STEP("GetRecords", "{\"ShardIterator\":\"$0\"}"),
    STEP("GetShardIterator", "{\"StreamName\":\"e\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"TRIM_HORIZON\"}",
      .save = "ShardIterator", .slot = 1),
    STEP("GetRecords", "{\"ShardIterator\":\"$1\"}"),

    STEP("RegisterStreamConsumer", "{\"StreamARN\":\"" ARN("a") "\",\"ConsumerName\":\"c1\"}", .save = "ConsumerARN", .slot = 2,
      .look = "ListStreamConsumers", .look_body = "{\"StreamARN\":\"" ARN("a") "\"}", .must = "\"c1\""),
    STEP("RegisterStreamConsumer", "{\"StreamARN\":\"" ARN("a") "\",\"ConsumerName\":\"c2\"}"),
    STEP("DescribeStreamConsumer", "{\"StreamARN\":\"" ARN("a") "\",\"ConsumerName\":\"c1\"}", .save = "ConsumerARN", .slot = 2),
    STEP("ListStreamConsumers", "{\"StreamARN\":\"" ARN("a") "\"}"),
    STEP("SubscribeToShard",
      "{\"ConsumerARN\":\"$2\",\"ShardId\":\"shardId-000000000000\",\"StartingPosition\":{\"Type\":\"TRIM_HORIZON\"}}"),
    STEP("DeregisterStreamConsumer", "{\"StreamARN\":\"" ARN("a") "\",\"ConsumerName\":\"c2\"}", .look = "ListStreamConsumers",
      .look_body = "{\"StreamARN\":\"" ARN("a") "\"}", .must_not = "\"c2\""),

    STEP("PutResourcePolicy", "{\"ResourceARN\":\"" ARN("a") "\",\"Policy\":\"" STATEMENT("a") "\"}", POLICY("a"),
      .must = "Sid1"),
    STEP("GetResourcePolicy", "{\"ResourceARN\":\"" ARN("a") "\"}"),
    STEP("PutResourcePolicy", "{\"ResourceARN\":\"" ARN("b") "\",\"Policy\":\"" STATEMENT("b") "\"}"),
    STEP("DeleteResourcePolicy", "{\"ResourceARN\":\"" ARN("b") "\"}", POLICY("b"), .must_not = "Sid1"),
    STEP("IncreaseStreamRetentionPeriod", "{\"StreamName\":\"a\",\"RetentionPeriodHours\":48}", SUMMARY("a"),
      .must = "\"RetentionPeriodHours\":48"),
    STEP("IncreaseStreamRetentionPeriod", "{\"StreamName\":\"b\",\"RetentionPeriodHours\":72}"),
    STEP("DecreaseStreamRetentionPeriod", "{\"StreamName\":\"b\",\"RetentionPeriodHours\":36}", SUMMARY("b"),
      .must = "\"RetentionPeriodHours\":36"),
    STEP("EnableEnhancedMonitoring",
      "{\"StreamName\":\"a\",\"ShardLevelMetrics\":[\"IncomingBytes\",\"OutgoingBytes\",\"IncomingRecords\"]}", SUMMARY("a"),
      .must = "\"IncomingBytes\""),
    STEP("DisableEnhancedMonitoring", "{\"StreamName\":\"a\",\"ShardLevelMetrics\":[\"OutgoingBytes\"]}", SUMMARY("a"),
      .must_not = "\"OutgoingBytes\""),
    STEP("UpdateMaxRecordSize", "{\"StreamARN\":\"" ARN("b") "\",\"MaxRecordSizeInKiB\":2048}", SUMMARY("b"),
      .must = "\"MaxRecordSizeInKiB\":2048"),

    STEP("SplitShard",
      "{\"StreamName\":\"a\",\"ShardToSplit\":\"shardId-000000000000\",\"NewStartingHashKey\":"
      "\"85070591730234615865843651857942052864\"}",
      .look = "ListShards", .look_body = "{\"StreamName\":\"a\"}", .must = "shardId-000000000003"),
    STEP("MergeShards",
      "{\"StreamName\":\"a\",\"ShardToMerge\":\"shardId-000000000002\",\"AdjacentShardToMerge\":\"shardId-000000000003\"}",
      .look = "ListShards", .look_body = "{\"StreamName\":\"a\"}", .must = "shardId-000000000004"),
    STEP("PutRecord", "{\"StreamName\":\"a\",\"PartitionKey\":\"k\",\"Data\":\"cmVjb3JkLTU=\"}", .look = "records",
      .look_body = "a", .must = "cmVjb3JkLTU="),
    STEP("UpdateShardCount", "{\"StreamName\":\"b\",\"TargetShardCount\":2,\"ScalingType\":\"UNIFORM_SCALING\"}",
      SUMMARY("b"), .must = "\"OpenShardCount\":2"),
    STEP("UpdateStreamMode", "{\"StreamARN\":\"" ARN("m") "\",\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}}",
      SUMMARY("m"), .must = "\"ON_DEMAND\""),
    STEP("UpdateAccountSettings", "{\"MinimumThroughputBillingCommitment\":{\"Status\":\"ENABLED\"}}",
      .look = "DescribeAccountSettings", .look_body = "{}", .must = "\"ENABLED\""),
    STEP("UpdateStreamWarmThroughput", "{\"StreamARN\":\"" ARN("m") "\",\"WarmThroughputMiBps\":2}", SUMMARY("m"),
      .must = "\"TargetMiBps\":2"),
    STEP("UpdateStreamRecordDistributionStrategy", "{\"StreamARN\":\"" ARN("m") "\",\"RecordDistributionStrategy\":\"AUTO\"}",
      SUMMARY("m"), .must = "\"AUTO\""),
    STEP("DeleteStream", "{\"StreamName\":\"x\"}", .look = "ListStreams", .look_body = "{}", .must_not = "\"x\""),

    /* What this server does not have is refused in order. */
    STEP("CreateChannel",
      "{\"ChannelName\":\"c\",\"ServiceExecutionRoleARN\":\"arn:aws:iam::123456789012:role/r\",\"StreamConfigurationList\":[]}",
      .refused = true),
    STEP("DescribeChannel", "{\"ChannelARN\":\"" CHANNEL "\"}", .refused = true),
    STEP("UpdateChannel", "{\"ChannelARN\":\"" CHANNEL "\"}", .refused = true),
    STEP("DeleteChannel", "{\"ChannelARN\":\"" CHANNEL "\"}", .refused = true),
    STEP("ListChannels", "{}"),
    STEP("CreateQueue", "{\"QueueName\":\"q\",\"StreamConfigurationList\":[{\"StreamARN\":\"" ARN("a") "\"}]}", .refused = true),
    STEP("DescribeQueue", "{\"QueueARN\":\"" QUEUE "\"}", .refused = true),
    STEP("UpdateQueue", "{\"QueueARN\":\"" QUEUE "\",\"QueueAttributes\":{}}", .refused = true),
    STEP("DeleteQueue", "{\"QueueARN\":\"" QUEUE "\"}", .refused = true),
    STEP("ListQueues", "{}"),
    STEP("ReceiveQueueRecords", "{\"QueueARN\":\"" QUEUE "\"}", .refused = true),
    STEP("AcknowledgeQueueRecords", "{\"QueueARN\":\"" QUEUE "\"," RECEIPT "}", .refused = true),
    STEP("UpdateQueueRecordsVisibility", "{\"QueueARN\":\"" QUEUE "\"," HIDDEN "}", .refused = true),
    STEP("ReceiveDeadLetterQueueRecords", "{\"QueueARN\":\"" QUEUE "\"}", .refused = true),
    STEP("AcknowledgeDeadLetterQueueRecords", "{\"QueueARN\":\"" QUEUE "\"," RECEIPT "}", .refused = true),
    STEP("UpdateDeadLetterQueueRecordsVisibility", "{\"QueueARN\":\"" QUEUE "\"," HIDDEN "}", .refused = true),
    STEP("RestoreDeadLetterQueueRecords", "{\"QueueARN\":\"" QUEUE "\"," RECEIPT "}", .refused = true),
};

enum { STEPS = sizeof(script) / sizeof(script[0]) };

static_assert(sizeof(script) / sizeof(script[0]) <= STEPS_MAX, "a step without a place");

bool script_is_complete(void)
{
    bool complete = true;

    for (size_t i = 0; i < kinesis_service.operation_count; i++) {
        str name = kinesis_service.operations[i].name;
        bool found = false;

        for (size_t j = 0; j < STEPS; j++)
            found = found || str_eq(name, str_of(script[j].operation));
        if (!found)
            (void)printf("no step of the script asks for %.*s\n", STR_ARG(name));
        complete = complete && found;
    }
    return complete;
}

/* ---- asking --------------------------------------------------------------------------------------------------------- */

static void pause(struct sweep *sweep)
{
    (void)world_run(sweep, PAUSE_US, NULL, NULL);
}

static void fill_in(const struct sweep *sweep, const char *body, struct buf *to)
{
    for (const char *at = body; *at; at++) {
        if (at[0] == '$' && at[1] >= '0' && at[1] < '0' + VARIABLES_MAX)
            buf_append(to, str_of(sweep->variables[*++at - '0']));
        else if (*at == '@')
            for (int i = 0; i < BULK_BYTES; i++)
                buf_byte(to, (char)('A' + i * 7 % 26));
        else
            buf_byte(to, *at);
    }
    buf_byte(to, 0);
}

static void save(struct sweep *sweep, const struct step *step)
{
    char name[64];
    const char *at, *end;

    (void)snprintf(name, sizeof(name), "\"%s\":\"", step->save);
    at = strstr(sweep->answer.at, name);
    at = at ? at + strlen(name) : NULL;
    end = at ? strchr(at, '"') : NULL;
    if (end && (size_t)(end - at) < sizeof(sweep->variables[0])) {
        memcpy(sweep->variables[step->slot], at, (size_t)(end - at));
        sweep->variables[step->slot][end - at] = 0;
    }
}

/* Something that lasts a while: the caller asks again, as clients do. */
static bool must_wait(const struct sweep *sweep, int status)
{
    return status == 400 && (answer_has(sweep, "ResourceInUseException") || answer_has(sweep, "ThrottledException") ||
                             answer_has(sweep, "LimitExceededException") || answer_has(sweep, "KMSThrottlingException"));
}

/* One failure costs one answer: who asks again is served. */
static void run_step(struct sweep *sweep, size_t index, bool strict)
{
    const struct step *step = &script[index];
    int status = 0, failures = 0;
    struct buf body;

    buf_init(&body, BODY_BYTES_MAX);
    fill_in(sweep, step->body, &body);
    sweep->steps[index].tried = true;
    for (int i = 0; i < TRIES_MAX && !sweep->stopped && !is_wrong(sweep); i++) {
        status = ask(sweep, step->operation, body.at);
        if (status == 200 || (status == 400 && !must_wait(sweep, status)))
            break;
        failures += !must_wait(sweep, status);
        if (failures > FAILURES_MAX)
            break;
        pause(sweep);
    }
    sweep->steps[index].done = status == 200 && !answer_has(sweep, "\"ErrorCode\":");
    sweep->answered_badly += (uint64_t)failures;
    if (status == 200 && step->save)
        save(sweep, step);
    if (strict && !sweep->stopped && status != (step->refused ? 400 : 200) && (status != 400 || failures == 0))
        wrong(sweep, "step %zu: %s is answered with %d, again and again: %.200s", index, step->operation, status,
              sweep->answer.at);
    buf_deinit(&body);
}

void script_run(struct sweep *sweep, bool strict)
{
    for (size_t i = 0; i < STEPS; i++)
        for (unsigned times = 0; times == 0 || times < script[i].times; times++)
            if (!sweep->stopped && !is_wrong(sweep))
                run_step(sweep, i, strict);
}

/* ---- looking -------------------------------------------------------------------------------------------------------- */

/* Every word of `must`, anywhere. */
static bool has_all(const char *text, const char *must)
{
    char word[256];

    while (*must) {
        size_t size = strcspn(must, " ");

        (void)snprintf(word, sizeof(word), "%.*s", (int)size, must);
        if (strstr(text, word) == NULL)
            return false;
        must += size + (must[size] == ' ');
    }
    return true;
}

static void look(struct sweep *sweep, size_t index)
{
    const struct step *step = &script[index];
    struct buf records;
    int status = 0;

    buf_init(&records, ANSWER_BYTES_MAX);
    for (int i = 0; i < TRIES_MAX && !is_wrong(sweep); i++) {
        const char *text;

        if (strcmp(step->look, "records") == 0) {
            buf_clear(&records);
            readout_records(sweep, step->look_body, &records);
            buf_byte(&records, 0);
            text = records.at;
        } else {
            status = ask(sweep, step->look, step->look_body);
            text = sweep->answer.at;
        }
        if ((!step->must || has_all(text, step->must)) && (!step->must_not || !strstr(text, step->must_not)))
            break;
        if (i == TRIES_MAX - 1)
            wrong(sweep, "step %zu: %s was answered and is not there after the restart: %d %.300s", index, step->operation,
                  status, text);
        pause(sweep);
    }
    buf_deinit(&records);
}

void script_verify(struct sweep *sweep)
{
    for (size_t i = 0; i < STEPS && !is_wrong(sweep); i++)
        if (script[i].look && sweep->steps[i].done)
            look(sweep, i);
}
