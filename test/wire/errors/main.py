"""Recorded error texts and envelope behaviour of Kinesis Data Streams, row by row, without an SDK in between.

Prints `ok  errors: <row>` or `FAIL errors: <row>: <why>` per row, then `N passed, N failed`.
"""
import os
import sys

import rows_absent
import rows_constraints
import rows_envelope
import rows_reading
import rows_types
import rows_writing
import scripts
from http_raw import Wire
from stage import Stage
from table import judge, perform


class Count:
    def __init__(self, client):
        self.client, self.passed, self.failed = client, 0, 0

    def tell(self, what, complaint):
        if complaint is None:
            self.passed += 1
            print("ok  %s: %s" % (self.client, what), flush=True)
        else:
            self.failed += 1
            print("FAIL %s: %s: %s" % (self.client, what, complaint), flush=True)


def on_demand_stage(x, count):
    answer = x.wire.call("CreateStream", {"StreamName": x.O, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}})
    count.tell("an on-demand stream is created", None if answer.status == 200 else repr(answer.body[:200]))
    if answer.status == 200:
        x.made.append(x.O)
        x.wait(x.O)


def main():
    x = Stage(Wire(os.environ.get("LEAT_HTTP", "http://127.0.0.1:4567")))
    verified = os.environ.get("LEAT_VERIFIED", "1") != "0"
    count = Count("errors")
    try:
        x.up()
        on_demand_stage(x, count)
        for table in (rows_envelope, rows_types, rows_constraints, rows_reading, rows_writing, rows_absent):
            group = table.__name__[5:]
            for row in made(table, x, count):
                if row.verified and not verified:
                    continue
                count.tell("%s: %s" % (group, row.name), attempt(x, row))
        for name, complaint in scripts.run(x):
            count.tell("script: " + name, complaint)
    except (RuntimeError, OSError) as why:
        count.tell("setting the stage", str(why))
    finally:
        x.down()
    print("%d passed, %d failed" % (count.passed, count.failed))
    return 1 if count.failed else 0


def made(table, x, count):
    """The rows of a table; some need an answer of the server to be made."""
    try:
        return table.rows(x)
    except (RuntimeError, OSError) as why:
        count.tell("making the rows of " + table.__name__, str(why))
        return []


def attempt(x, row):
    try:
        return judge(row, perform(x.wire, row))
    except Exception as why:  # a broken answer is a failure of its row, not of the table
        x.wire.close()
        return "%s: %s" % (type(why).__name__, why)


if __name__ == "__main__":
    sys.exit(main())
