/* model_test.c: the tables that the generator made, and finding things in them. */
#include "shape/shape.c"

#include "kinesis_model.h"
#include "shape/pattern.h"
#include "test_model.h"
#include "unit.h"

static const struct operation *op(const char *name)
{
    const struct operation *operation = service_operation(&kinesis_service, str_of(name));

    CHECK(operation != NULL);
    return operation;
}

static const struct shape_member *member(const struct shape *shape, const char *name)
{
    for (uint32_t i = 0; i < shape->member_count; i++)
        if (str_eq(shape->members[i].name, str_of(name)))
            return &shape->members[i];
    CHECK(name == NULL);
    return NULL;
}

TEST("Kinesis has 57 operations, each found by its name")
{
    CHECK_INT(kinesis_service.operation_count, 57);
    CHECK_INT(KINESIS_OPERATION_COUNT, 57);
    for (size_t i = 0; i < kinesis_service.operation_count; i++) {
        const struct operation *operation = &kinesis_service.operations[i];

        CHECK_INT(operation->index, i);
        CHECK(service_operation(&kinesis_service, operation->name) == operation);
        CHECK(operation->input && operation->output && operation->resource_count > 0);
    }
    CHECK(!service_operation(&kinesis_service, STR("PutRecordz")));
    CHECK(!service_operation(&kinesis_service, STR("")));
    CHECK_STR(kinesis_service.target_prefix, "Kinesis_20131202");
    CHECK_INT(op("MergeShards")->index, KINESIS_MERGE_SHARDS);
}

TEST("planes, rates and resources are those of the service")
{
    size_t data = 0, none = 0;

    for (size_t i = 0; i < kinesis_service.operation_count; i++) {
        data += kinesis_service.operations[i].plane == PLANE_DATA;
        none += kinesis_service.operations[i].plane == PLANE_NONE;
    }
    CHECK_INT(data, 12);
    CHECK_INT(none, 0);
    CHECK_INT(op("DescribeLimits")->rate.per_second, 1);
    CHECK_INT(op("ListShards")->rate.per_second, 1000);
    CHECK_INT(op("ListShards")->rate.scope, RATE_STREAM);
    CHECK_INT(op("GetRecords")->rate.err, ERR_THROTTLED);
    CHECK_INT(op("SubscribeToShard")->rate.scope, RATE_CONSUMER_SHARD);
    CHECK_INT(op("SubscribeToShard")->rate.err, ERR_LIMIT_EXCEEDED);
    CHECK_INT(op("PutRecords")->rate.scope, RATE_NONE);
    CHECK_INT(op("ListStreams")->resources[0].kind, RESOURCE_ANY);
    CHECK_INT(op("GetRecords")->resources[0].kind, RESOURCE_TOKEN);
    CHECK_INT(op("ListShards")->resource_count, 3);
    CHECK_STR(op("PutRecord")->input->members[op("PutRecord")->resources[1].member].name, "StreamName");
}

TEST("constraints are those of the service")
{
    const struct shape *entry = &kinesis_put_records_request_entry_shape;

    CHECK_INT(member(entry, "Data")->shape->max, 10485760);
    CHECK(member(entry, "Data")->required && !member(entry, "PartitionKey")->required);
    CHECK_INT(member(entry, "PartitionKey")->shape->max, 256);
    CHECK_INT(member(&put_records_input_shape, "Records")->shape->max, 500);
    CHECK_INT(member(&update_max_record_size_input_shape, "MaxRecordSizeInKiB")->shape->min, 1024);
    CHECK_INT(member(&list_tags_for_stream_input_shape, "Limit")->shape->max, 50);
    CHECK_INT(member(&enable_enhanced_monitoring_input_shape, "ShardLevelMetrics")->shape->max, 7);
    CHECK_STR(member(&put_record_input_shape, "ExplicitHashKey")->shape->pattern->text, "0|([1-9]\\d{0,38})");
    CHECK(member(&get_records_input_shape, "DryRun")->shape->kind == SHAPE_BOOLEAN);
    CHECK_STR(member(&create_stream_input_shape, "StreamName")->path, "streamName");
    CHECK(!member(&add_tags_to_stream_input_shape, "Tags")->shape->element->pattern);
}

TEST("an operation without output has an empty body and a struct nevertheless")
{
    CHECK(!op("DeleteStream")->has_output);
    CHECK_INT(op("DeleteStream")->output->member_count, 0);
    CHECK_INT(op("DeleteStream")->output->size, sizeof(struct delete_stream_output));
    CHECK(op("ListStreams")->has_output);
}

TEST("an event stream is no member of the output; its events have a table of their own")
{
    CHECK_INT(op("SubscribeToShard")->output->member_count, 0);
    CHECK(op("SubscribeToShard")->events == &kinesis_subscribe_to_shard_event_stream_shape);
    CHECK_INT(kinesis_subscribe_to_shard_event_stream_shape.member_count, 1);
    CHECK(!op("PutRecord")->events);
}

TEST("errors have wire names and statuses; what is not modelled is an internal failure")
{
    CHECK_STR(service_error(&kinesis_service, ERR_NOT_FOUND)->name, "ResourceNotFoundException");
    CHECK_INT(service_error(&kinesis_service, ERR_NOT_FOUND)->status, 400);
    CHECK_STR(service_error(&kinesis_service, ERR_INTERNAL)->name, "InternalFailure");
    CHECK_INT(service_error(&kinesis_service, ERR_INTERNAL)->status, 500);
    CHECK_STR(service_error(&kinesis_service, ERR_NO_MEMORY)->name, "InternalFailure");
    CHECK_STR(service_error(&kinesis_service, ERR_SERIALIZATION)->name, "SerializationException");
    CHECK_INT(service_error(&kinesis_service, ERR_UNAVAILABLE)->status, 503);
    CHECK_STR(service_error(&kinesis_service, ERR_DRY_RUN)->name, "DryRunOperationException");
    CHECK_STR(service_error(&test_service, ERR_THROTTLED)->name, "TooMuch");
}

TEST("enums are found both ways")
{
    const struct shape_enum *values = kinesis_shard_iterator_type_shape.values;

    CHECK_INT(shape_enum_find(values, STR("LATEST")), SHARD_ITERATOR_TYPE_LATEST);
    CHECK_INT(shape_enum_find(values, STR("latest")), -1);
    CHECK_STR(shape_enum_name(values, SHARD_ITERATOR_TYPE_TRIM_HORIZON), "TRIM_HORIZON");
    CHECK(!str_present(shape_enum_name(values, 0)));
    CHECK(!str_present(shape_enum_name(values, 6)));
    CHECK_INT(shape_enum_find(kinesis_metrics_name_shape.values, STR("IncomingBytes")), METRICS_NAME_INCOMING_BYTES);
}

TEST("REST bindings reach the tables")
{
    const struct operation *touch = service_operation(&test_service, STR("Touch"));

    CHECK_STR(touch->http_uri, "/things/{Name}");
    CHECK_INT(touch->http_status, 201);
    CHECK_INT(member(touch->input, "Name")->place, SHAPE_IN_PATH);
    CHECK_INT(member(touch->input, "ThingARN")->place, SHAPE_IN_QUERY);
    CHECK_STR(member(touch->input, "Count")->place_name, "x-touch-count");
    CHECK_INT(member(touch->input, "Everything")->place, SHAPE_IN_BODY);
}

UNIT_MAIN
