"""The transport below the SDKs, against a running server: HTTP/1.1, TLS and HTTP/2, byte by byte.

Prints `ok  http: <what>` or `FAIL http: <what>: <why>` per check, then `N passed, N failed`.
"""
import os
import secrets
import sys
import time

import bodies
import framing
import leaving
import multiplexed
import secure
from link import Link

HTTP, HTTPS = os.environ.get("LEAT_HTTP", "http://127.0.0.1:4567"), os.environ.get("LEAT_HTTPS")


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, good, why=""):
        if good:
            self.passed += 1
            print("ok  http: %s" % what, flush=True)
        else:
            self.failed += 1
            print("FAIL http: %s: %s" % (what, why), flush=True)

    def run(self, parts, *arguments):
        """A part is a function that yields (what, good, why); what it throws is its failure and ends only that part."""
        for part in parts:
            try:
                for told in part(*arguments):
                    self.check(*told)
            except Exception as why:
                self.check(part.__name__.replace("_", " "), False, "%s: %s" % (type(why).__name__, why))


def stream_made(link, name):
    for _ in range(100):
        answer = link.call("CreateStream", {"StreamName": name, "ShardCount": 2})
        if answer.status == 200 or answer.json()["__type"] != "LimitExceededException":
            break  # else: too many streams are being deleted, by whoever was here before
        time.sleep(0.05)
    for _ in range(100):
        summary = link.call("DescribeStreamSummary", {"StreamName": name}).json()
        if summary.get("StreamDescriptionSummary", {}).get("StreamStatus") == "ACTIVE":
            return summary["StreamDescriptionSummary"]["StreamARN"]
        time.sleep(0.05)
    raise RuntimeError("no stream: %r" % answer)


def main():
    count = Count()
    name = "wire-http-" + secrets.token_hex(4)
    with Link(HTTP) as link:
        arn = stream_made(link, name)
    count.run(framing.PARTS, HTTP)
    count.run(bodies.PARTS, HTTP, name)
    count.run(multiplexed.PARTS, HTTP, name, arn)
    count.run(leaving.PARTS, HTTP, name, arn)
    if HTTPS:
        count.run(secure.PARTS, HTTPS, os.environ["LEAT_CA"], name)
    with Link(HTTP) as link:
        gone = link.call("DeleteStream", {"StreamName": name, "EnforceConsumerDeletion": True})
        count.check("the stream is deleted", gone.status == 200, gone)
    print("%d passed, %d failed" % (count.passed, count.failed))
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
