"""A client, streams to try things on, and the count of checks."""
import os
import secrets
import time

import boto3
import botocore.config
from botocore.exceptions import ClientError


class Stage:
    def __init__(self):
        self.passed, self.failed, self.made = 0, 0, []
        self.tag = secrets.token_hex(4)
        self.region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        config = botocore.config.Config(retries={"max_attempts": 0}, max_pool_connections=40, read_timeout=20)
        self.k = boto3.client("kinesis", endpoint_url=os.environ["LEAT_HTTP"], region_name=self.region, config=config)
        self.settle()

    def settle(self):
        """Wait until nothing that an earlier test made or deleted counts against the five in transition."""
        for _ in range(200):
            told = {row["StreamStatus"] for row in self.k.list_streams()["StreamSummaries"]}
            if not told & {"CREATING", "DELETING"}:
                return
            time.sleep(0.05)
        raise RuntimeError("streams never settle: %r" % told)

    def check(self, what, good, why=""):
        self.passed += bool(good)
        self.failed += not good
        print("ok  control: %s" % what if good else "FAIL control: %s: %s" % (what, why), flush=True)

    def equal(self, what, got, wanted):
        self.check(what, got == wanted, "%.300r, not %.300r" % (got, wanted))

    def refused(self, what, code, call, message=None, **arguments):
        """The type is asserted always, the text where it is recorded."""
        try:
            answer = call(**arguments)
        except ClientError as why:
            error = why.response["Error"]
            self.equal(what, (error["Code"], message and error["Message"]), (code, message))
            return
        self.check(what, False, "it was accepted: %.200r" % answer)

    def part(self, script):
        """What a script throws is its failure and ends that script only."""
        try:
            script(self)
        except Exception as why:
            self.check(script.__name__.replace("_", " "), False, "%s: %s" % (type(why).__name__, why))

    def create(self, kind, **more):
        """A new stream that is ACTIVE: its name and ARN."""
        name = "wire-control-%s-%s" % (kind, self.tag)
        self.k.create_stream(StreamName=name, **more)
        self.made.append(name)
        return name, self.active(name)["StreamARN"]

    def summary(self, name):
        return self.k.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]

    def active(self, name):
        for _ in range(400):
            summary = self.summary(name)
            if summary["StreamStatus"] == "ACTIVE":
                return summary
            time.sleep(0.05)
        raise RuntimeError("%s is %s" % (name, summary["StreamStatus"]))

    def gone(self, name):
        for _ in range(400):
            try:
                self.summary(name)
            except self.k.exceptions.ResourceNotFoundException:
                return
            time.sleep(0.05)
        raise RuntimeError("%s is never gone" % name)

    def strike(self):
        for name in self.made:
            try:
                self.k.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
            except ClientError:
                continue
