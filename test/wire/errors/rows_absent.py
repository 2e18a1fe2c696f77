"""Channels and queues, of which the server has none: calls are checked by the model, then refused truthfully.

Nobody has recorded how the service words its refusals of these calls: rows assert the type, and that the feature is absent."""
import re

from table import INVALID, NOT_FOUND, VALIDATION, Row, at_most, constraints, shorter

LATEST_WITH_TIME = {"Type": "LATEST", "Timestamp": 1}


def rows(x):
    queue = x.arn.replace("stream/" + x.S, "queue/0")
    channel = queue.replace("queue/", "channel/")
    return making(x, queue) + naming(queue, channel) + lists(x)


def making(x, queue):
    def create(name, type=VALIDATION, stream=None, **more):
        one = dict({"StreamARN": stream or x.arn}, **more.pop("one", {}))
        return Row(name, "CreateQueue", dict({"QueueName": "q", "StreamConfigurationList": [one]}, **more), type)
    not_here = re.compile("Queues are not available on this server.")
    dead = {"DeadLetterConfiguration": {"TargetType": "BUILT_IN"}}
    return [
        Row("a sound queue", "CreateQueue", {"QueueName": "q", "StreamConfigurationList": [{"StreamARN": x.arn}]},
            VALIDATION, not_here),
        create("a queue of an unknown stream", NOT_FOUND, x.arn + "x"),
        create("a queue from a time without one", one={"StartingPosition": {"Type": "AT_TIMESTAMP"}}),
        create("a queue from the tip with a time", one={"StartingPosition": LATEST_WITH_TIME}),
        create("a queue with dead letters after nobody knows how often", QueueAttributes=dead),
        Row("a queue that hides for more than twelve hours", "UpdateQueue",
            {"QueueARN": queue, "QueueAttributes": {"VisibilityTimeoutSeconds": 43201}}, VALIDATION,
            constraints(("43201", "queueAttributes.visibilityTimeoutSeconds", at_most(43200)))),
        Row("a change of a queue", "UpdateQueue", {"QueueARN": queue, "QueueAttributes": {}}, VALIDATION, not_here),
    ]


def naming(queue, channel):
    receipt, hidden = {"ReceiptHandle": "r"}, {"ReceiptHandle": "r", "VisibilityTimeoutSeconds": 0}
    calls = [("DescribeQueue", {}), ("DeleteQueue", {}), ("ReceiveQueueRecords", {"Limit": 10, "WaitTimeSeconds": 20}),
             ("ReceiveDeadLetterQueueRecords", {}), ("AcknowledgeQueueRecords", {"Entries": [receipt]}),
             ("AcknowledgeDeadLetterQueueRecords", {"Entries": [receipt]}),
             ("RestoreDeadLetterQueueRecords", {"Entries": [receipt]}),
             ("UpdateQueueRecordsVisibility", {"Entries": [hidden]}),
             ("UpdateDeadLetterQueueRecordsVisibility", {"Entries": [hidden]})]
    named = "AcknowledgeQueueRecordsRequestEntry"
    return [Row("%s of no queue" % op, op, dict({"QueueARN": queue}, **more), NOT_FOUND) for op, more in calls] + [
        Row("%s of no channel" % op, op, {"ChannelARN": channel}, NOT_FOUND) for op in ("DescribeChannel", "DeleteChannel")
    ] + [Row("the tags of no %s" % what, "ListTagsForResource", {"ResourceARN": arn}, NOT_FOUND)
         for what, arn in (("queue", queue), ("channel", channel))] + [
        Row("a channel for a queue", "DescribeQueue", {"QueueARN": channel}, VALIDATION),
        Row("eleven receipts", "AcknowledgeQueueRecords", {"QueueARN": queue, "Entries": [receipt] * 11}, VALIDATION,
            constraints(("[" + ", ".join([named] * 11) + "]", "entries", shorter(10)))),
    ]


def lists(x):
    return [
        Row("no queues", "ListQueues", {}, exact={"QueueSummaries": []}),
        Row("no queues of a stream", "ListQueues", {"StreamFilter": [{"StreamARN": x.arn}], "MaxResults": 1},
            exact={"QueueSummaries": []}),
        Row("a page token of queues that is none", "ListQueues", {"NextToken": "zzz"}, INVALID),
        Row("no channels", "ListChannels", {}, exact={"ChannelSummaries": []}),
        Row("a stream counts neither", "DescribeStreamSummary", {"StreamName": x.S}, check=counts),
    ]


def counts(body):
    summary = body["StreamDescriptionSummary"]
    told = {name: summary.get(name) for name in ("QueueCount", "ChannelCount")}
    return None if told == {"QueueCount": 0, "ChannelCount": 0} else repr(told)
