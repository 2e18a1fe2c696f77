"""Consumers, and what streams and consumers have in common: tags and policies by ARN."""
import json
import time


def register(x, arn, name):
    made = x.k.register_stream_consumer(StreamARN=arn, ConsumerName=name, Tags={"t": name})["Consumer"]
    for _ in range(200):
        described = x.k.describe_stream_consumer(ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
        if described["ConsumerStatus"] == "ACTIVE":
            return described
        time.sleep(0.05)
    raise RuntimeError("%s never became ACTIVE" % name)


def life(x):
    name, arn = x.create("consumers", ShardCount=1)
    made = [register(x, arn, "c%d" % i) for i in range(3)]
    x.equal("they are counted", x.summary(name)["ConsumerCount"], 3)
    page = x.k.list_stream_consumers(StreamARN=arn, MaxResults=2)
    rest = x.k.list_stream_consumers(StreamARN=arn, NextToken=page["NextToken"])
    x.equal("and listed by pages, in order", [c["ConsumerName"] for c in page["Consumers"] + rest["Consumers"]],
            ["c0", "c1", "c2"])
    x.refused("a token and a creation time", "InvalidArgumentException", x.k.list_stream_consumers, StreamARN=arn,
              NextToken=page["NextToken"], StreamCreationTimestamp=1)
    x.refused("a name that is taken", "ResourceInUseException", x.k.register_stream_consumer, StreamARN=arn, ConsumerName="c1")
    x.k.deregister_stream_consumer(ConsumerARN=made[1]["ConsumerARN"])
    for _ in range(200):
        if len(x.k.list_stream_consumers(StreamARN=arn)["Consumers"]) == 2:
            break
        time.sleep(0.05)
    again = register(x, arn, "c1")
    x.check("registered again, it has another ARN", again["ConsumerARN"] != made[1]["ConsumerARN"], again["ConsumerARN"])
    x.refused("the earlier one is not found", "ResourceNotFoundException", x.k.describe_stream_consumer,
              ConsumerARN=made[1]["ConsumerARN"])
    resources(x, arn, made[0]["ConsumerARN"])


def resources(x, *arns):
    for arn in arns:
        kind = "a consumer" if "/consumer/" in arn else "a stream"

        def tags():
            return {tag["Key"]: tag["Value"] for tag in x.k.list_tags_for_resource(ResourceARN=arn)["Tags"]}
        x.k.tag_resource(ResourceARN=arn, Tags={"t": "1", "a:b": "2"})
        x.equal("tags of %s are merged" % kind, tags(), {"t": "1", "a:b": "2"})
        x.refused("too many tags of %s" % kind, "InvalidArgumentException", x.k.tag_resource, ResourceARN=arn,
                  Tags={"k%d" % i: "" for i in range(49)})
        x.refused("a reserved tag of %s" % kind, "InvalidArgumentException", x.k.tag_resource, ResourceARN=arn,
                  Tags={"aws:x": ""})
        x.k.untag_resource(ResourceARN=arn, TagKeys=["t", "a:b", "none"])
        x.equal("tags of %s are removed" % kind, tags(), {})
        policies(x, arn, kind)


def policies(x, arn, kind):
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Resource": arn,
                 "Action": ["kinesis:SubscribeToShard" if "/consumer/" in arn else "kinesis:PutRecord"]}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    x.k.put_resource_policy(ResourceARN=arn, Policy=text)
    x.equal("the policy of %s comes back as it was" % kind, x.k.get_resource_policy(ResourceARN=arn)["Policy"], text)
    x.refused("no statement for %s" % kind, "InvalidArgumentException", x.k.put_resource_policy, ResourceARN=arn, Policy="{}")
    x.k.delete_resource_policy(ResourceARN=arn)
    x.equal("without one, %s has the empty document" % kind, x.k.get_resource_policy(ResourceARN=arn)["Policy"], "{}")


SCRIPTS = (life,)
