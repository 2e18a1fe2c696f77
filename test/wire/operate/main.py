"""Leat as its operator uses it: its commands, its settings, its logs; servers started, stopped, killed and copied.

Prints `ok  operate: <what>` or `FAIL operate: <what>: <why>` per check, then `N passed, N failed`.
"""
import sys

import copies
import damage
import ends
import install
import lines
import settings
import tells
import users
import vault
from stage import Stage


def main():
    x = Stage()
    wanted = sys.argv[1:]
    try:
        for part in (lines, copies, damage, vault, users, settings, tells, ends, install):
            for script in part.SCRIPTS:
                if not wanted or script.__name__ in wanted or part.__name__ in wanted:
                    x.part(script)
    finally:
        x.strike()
    print("%d passed, %d failed" % (x.passed, x.failed))
    return 1 if x.failed or not x.passed else 0


if __name__ == "__main__":
    sys.exit(main())
