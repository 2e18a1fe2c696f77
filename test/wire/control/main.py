"""boto3, unmodified: what the control plane says, keeps and refuses, operation by operation.

Prints `ok  control: <what>` or `FAIL control: <what>: <why>` per check, then `N passed, N failed`.
"""
import sys

import consumers
import races
import shards
import streams
from stage import Stage


def main():
    x = Stage()
    for part in (streams, shards, consumers, races):
        for script in part.SCRIPTS:
            x.settle()
            x.part(script)
    x.strike()
    print("%d passed, %d failed" % (x.passed, x.failed))
    return 1 if x.failed or not x.passed else 0


if __name__ == "__main__":
    sys.exit(main())
