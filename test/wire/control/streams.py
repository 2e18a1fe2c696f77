"""Streams: creation, modes, sizes, warm throughput, the account's commitment, monitoring, keys, lists, deletion."""

ON_DEMAND = {"StreamMode": "ON_DEMAND"}
PROVISIONED = {"StreamMode": "PROVISIONED"}


def created(x):
    name, arn = x.create("created", ShardCount=3, Tags={"b": "2", "a": "1", "x:y": ""}, MaxRecordSizeInKiB=2048)
    summary = x.summary(name)
    tags = x.k.list_tags_for_stream(StreamName=name)["Tags"]
    x.equal("tags at creation, in order", [(t["Key"], t["Value"]) for t in tags], [("a", "1"), ("b", "2"), ("x:y", "")])
    x.equal("a summary counts", (summary["OpenShardCount"], summary["ConsumerCount"], summary["ChannelCount"],
                                 summary["MaxRecordSizeInKiB"]), (3, 0, 0, 2048))
    absent = {"StreamId", "KeyId", "WarmThroughput", "RecordDistributionStrategy"} & set(summary)
    x.equal("a provisioned stream lacks what only others have", absent, set())
    x.equal("creation times are whole seconds", summary["StreamCreationTimestamp"].microsecond, 0)
    x.k.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=4096)
    x.equal("the largest record may grow", x.active(name)["MaxRecordSizeInKiB"], 4096)


def modes(x):
    name, arn = x.create("mode", StreamModeDetails=ON_DEMAND)
    summary = x.summary(name)
    x.equal("on demand, four shards and keys that count", (summary["OpenShardCount"], summary["StreamModeDetails"],
                                                           summary["RecordDistributionStrategy"]),
            (4, ON_DEMAND, "USER_PARTITION_KEY"))
    x.k.update_stream_record_distribution_strategy(StreamARN=arn, RecordDistributionStrategy="AUTO")
    x.equal("the strategy is in force at once", x.summary(name)["RecordDistributionStrategy"], "AUTO")
    x.k.update_stream_record_distribution_strategy(StreamARN=arn, RecordDistributionStrategy="USER_PARTITION_KEY")
    for mode in (PROVISIONED, ON_DEMAND):
        x.k.update_stream_mode(StreamARN=arn, StreamModeDetails=mode)
        summary = x.active(name)
        x.equal("a switch keeps the shards", (summary["StreamModeDetails"], summary["OpenShardCount"]), (mode, 4))
    x.refused("a third switch in a day", "LimitExceededException", x.k.update_stream_mode,
              "You cannot update the capacity mode of your data stream more than twice within 24 hours.", StreamARN=arn,
              StreamModeDetails=PROVISIONED)
    x.refused("AUTO of a provisioned stream", "InvalidArgumentException", x.k.update_stream_record_distribution_strategy,
              StreamARN=arn.replace("-mode-", "-created-"), RecordDistributionStrategy="AUTO")


def commitment(x):
    def set_to(status):
        return x.k.update_account_settings(MinimumThroughputBillingCommitment={"Status": status})[
            "MinimumThroughputBillingCommitment"]["Status"]
    name = "wire-control-mode-" + x.tag
    warm = x.k.update_stream_warm_throughput
    if x.k.describe_account_settings()["MinimumThroughputBillingCommitment"]["Status"] == "DISABLED":
        x.refused("warm throughput without the commitment", "ValidationException", warm, StreamName=name, WarmThroughputMiBps=6)
    x.equal("the commitment begins", set_to("ENABLED"), "ENABLED")
    answer = warm(StreamName=name, WarmThroughputMiBps=6)
    x.equal("warm throughput, wanted and present", (answer["StreamName"], answer["WarmThroughput"]),
            (name, {"TargetMiBps": 6, "CurrentMiBps": 4}))
    summary = x.active(name)
    x.equal("and made", (summary["OpenShardCount"], summary["WarmThroughput"]), (6, {"TargetMiBps": 6, "CurrentMiBps": 6}))
    x.refused("leaving while there is some", "ValidationException", set_to, status="DISABLED")
    warm(StreamName=name, WarmThroughputMiBps=0)
    x.equal("given up, it is not told", "WarmThroughput" in x.active(name), False)
    x.equal("left within a day, it goes on", set_to("DISABLED"), "ENABLED_UNTIL_EARLIEST_ALLOWED_END")
    x.equal("and can be entered again", set_to("ENABLED"), "ENABLED")


def monitoring(x):
    name = "wire-control-created-" + x.tag

    def change(call, *metrics):
        answer = call(StreamName=name, ShardLevelMetrics=list(metrics))
        x.active(name)
        return answer["CurrentShardLevelMetrics"], answer["DesiredShardLevelMetrics"]
    on, off = x.k.enable_enhanced_monitoring, x.k.disable_enhanced_monitoring
    x.equal("two metrics on", change(on, "OutgoingRecords", "IncomingBytes"), ([], ["IncomingBytes", "OutgoingRecords"]))
    x.equal("ALL is the seven", len(change(on, "ALL")[1]), 7)
    x.equal("and is told so", len(x.summary(name)["EnhancedMonitoring"][0]["ShardLevelMetrics"]), 7)
    x.equal("all off", len(change(off, "ALL")[1]), 0)


def keys(x):
    name, _ = x.create("keys", ShardCount=1)
    start, stop = x.k.start_stream_encryption, x.k.stop_stream_encryption
    far = "arn:aws:kms:xx-far-9:%s:key/1234abcd-12ab-34cd-56ef-1234567890ab" % ("0" * 12)
    x.refused("a key of another region", "KMSNotFoundException", start, StreamName=name, EncryptionType="KMS", KeyId=far)
    x.refused("encryption of no kind", "InvalidArgumentException", start, StreamName=name, EncryptionType="NONE", KeyId="k")
    start(StreamName=name, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    x.equal("the key is told by the name it was given", x.active(name)["KeyId"], "alias/aws/kinesis")
    x.refused("stopping by another key", "InvalidArgumentException", stop, StreamName=name, EncryptionType="KMS",
              KeyId="alias/another")
    arn = x.summary(name)["StreamARN"].replace(":kinesis:", ":kms:").split(":stream/")[0] + ":alias/aws/kinesis"
    stop(StreamName=name, EncryptionType="KMS", KeyId=arn)
    x.equal("stopping by the alias's ARN", x.active(name)["EncryptionType"], "NONE")


def lists(x):
    page = x.k.list_streams(Limit=1)
    names = list(page["StreamNames"])
    while page["HasMoreStreams"] and len(names) < 1000:
        page = x.k.list_streams(Limit=1, NextToken=page["NextToken"])
        names += page["StreamNames"]
    x.equal("streams by pages of one, in order", [n for n in names if n in x.made], sorted(x.made))
    page = x.k.list_streams(ExclusiveStartStreamName="wire-control-a", Limit=10)
    x.equal("names and summaries are parallel", [s["StreamName"] for s in page["StreamSummaries"]], page["StreamNames"])
    x.refused("nobody's token", "InvalidArgumentException", x.k.list_streams, NextToken="abcd")
    x.equal("channels there are none", x.k.list_channels()["ChannelSummaries"], [])


def deleted(x):
    name, arn = x.create("deleted", ShardCount=1)
    first = x.summary(name)["StreamCreationTimestamp"]
    x.k.delete_stream(StreamARN=arn)
    x.k.delete_stream(StreamARN=arn)
    x.refused("a name is taken until its stream is gone", "ResourceInUseException", x.k.create_stream, StreamName=name,
              ShardCount=1)
    x.gone(name)
    x.k.create_stream(StreamName=name, ShardCount=1)
    x.check("another incarnation has another second", x.active(name)["StreamCreationTimestamp"] > first)
    x.refused("shards of the earlier one", "ResourceNotFoundException", x.k.list_shards, StreamName=name,
              StreamCreationTimestamp=first)


SCRIPTS = (created, modes, commitment, monitoring, keys, lists, deleted)
