"""python3 tools/kernel [--short] [SCENARIO ...]: what a kernel may do to a server, done to ours.

Each scenario loads a server, hurts it, and compares everything it holds with what it has promised. Prints a line per
scenario, with its figures or its faults, and last "N passed, N failed, N skipped"."""
import argparse
import os
import random
import shutil
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "crash"))  # judge, kinesis, load

import disks
import ends
import faults
import limits
import stops
from load import LEAT
from stage import Skip, Stage

MODULES = (stops, ends, limits, disks, faults)
PRIVATE = "LEAT_KERNEL_PRIVATE"


def private():
    """Go on in a mount namespace of our own, where that is allowed: what we mount is gone with us, however we end."""
    if os.environ.get(PRIVATE) or os.geteuid() != 0 or not shutil.which("unshare"):
        return
    words = ["unshare", "--mount", "--propagation", "private"]
    if os.spawnvp(os.P_WAIT, "unshare", [*words, "true"]) == 0:
        os.environ[PRIVATE] = "1"
        os.execvp("unshare", [*words, sys.executable, *sys.argv])


def run(scenario, args):
    """(passed, failed, skipped)."""
    name = scenario.__name__.replace("_", "-")
    began, stage, reason = time.monotonic(), Stage(args, name), None
    try:
        scenario(stage)
    except Skip as e:
        reason = str(e)
    except Exception as e:
        if args.trace:
            traceback.print_exc()
        stage.wrongs.append(f"FAULT {type(e).__name__}: {e}")
    wrongs = stage.result()
    stage.end()
    seconds = f"{time.monotonic() - began:.0f} s"
    if wrongs:
        print(f"FAIL  {name} ({seconds}); kept for you: {stage.folder}\n  " + "\n  ".join(wrongs), flush=True)
        return 0, 1, 0
    if reason:
        print(f"skip  {name}: {reason}", flush=True)
        return 0, 0, 1
    promised = len(stage.judge.promised)
    print(f"ok    {name}: {', '.join([*stage.figures, f'{promised} acknowledged, 0 lost'])} ({seconds})", flush=True)
    return 1, 0, 0


def main():
    scenarios = {scenario.__name__.replace("_", "-"): scenario for module in MODULES for scenario in module.SCENARIOS}
    parser = argparse.ArgumentParser(prog="tools/kernel", description=__doc__.split("\n", 1)[0],
                                     epilog="scenarios: " + ", ".join(scenarios))
    parser.add_argument("scenario", nargs="*", choices=[[], *scenarios], help="only these")
    parser.add_argument("--short", action="store_true", help="a sample of each, as in `make test`")
    parser.add_argument("--leat", default=LEAT)
    parser.add_argument("--shim", default=None)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--trace", action="store_true", help="where a scenario broke off")
    args = parser.parse_args()
    private()
    args.leat = os.path.abspath(args.leat)
    args.shim = os.path.abspath(args.shim or os.path.join(os.path.dirname(args.leat), "tools", "kernel", "shim.so"))
    results = [run(scenarios[name], args) for name in args.scenario or scenarios]
    passed, failed, skipped = (sum(column) for column in zip(*results))
    if failed:
        print(f"seed {args.seed}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
