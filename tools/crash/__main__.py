"""python3 tools/crash [--rounds 10]: kill the server again and again, and hold it to its word.

Writers put, a reader tails, the server dies by SIGKILL at a random moment (sometimes while it is still recovering) and
is started again on the same directory. Every few rounds, and at the end, everything is read from TRIM_HORIZON: each
acknowledged record must be there once, whole, in its shard, under its sequence number; what was not acknowledged may
be there at most once; what any reader ever saw must still be there.

SIGKILL leaves the page cache alone, so this proves the log and its recovery, not the syncs: those are the simulator's.
Prints "N rounds, M records acknowledged, 0 lost" and, last, "N passed, N failed"."""
import argparse
import os
import random
import shlex
import shutil
import sys
import tempfile
import time

from judge import Judge
from kinesis import Client
from load import LEAT, Ended, Reader, Resharder, Server, Writer, create, free_port, read_log

# The smallest sizes, so that segments roll, are settled and are recycled all the time.
COMMAND = ("{leat} serve --listen 127.0.0.1:{port} --data {data} --durability {durability} --limits off "
           "--call-rates off --transition 0 --segment-bytes 32MiB --backlog-bytes 64MiB --tail-bytes 1MiB "
           "--settled-bytes 16MiB")
TURN_ROUNDS = 200  # then begin new streams and a new journal, or comparing would take longer than killing


class Totals:
    def __init__(self):
        self.passed = self.failed = self.sent = self.acknowledged = self.lost = self.refused = self.reshards = 0


def rounds_run(args, server, rng, rounds, streams, judge, workers):
    """`rounds`: the numbers of those to run. Returns how many acknowledged records were found missing."""
    lost = 0
    for number in rounds:
        time.sleep(rng.uniform(0.02, args.seconds))
        for worker in workers:
            if worker.error:
                raise worker.error
        if not server.alive():
            raise Ended(f"the server ended by itself: status {server.process.returncode}")
        server.kill()
        for _ in range(2):
            if rng.random() < 0.2:      # die in the middle of recovery
                server.spawn()
                time.sleep(rng.uniform(0, 0.05))
                server.kill()
        server.start()
        if number % args.every == 0 or number == rounds[-1]:
            for worker in workers:
                worker.hold()
            lost += judge.verify(read_log(server.port, judge, streams))
            print(f"round {number}: {len(judge.promised)} acknowledged, {lost} lost, "
                  f"last start {server.starts_ms[-1]:.0f} ms", flush=True)
            if number < rounds[-1]:
                for worker in workers:
                    worker.resume()
    return lost


def turn(args, server, rng, rounds, totals):
    """Some rounds with streams and a journal of their own."""
    wide, narrow = f"crash-{rounds[0]}-wide", f"crash-{rounds[0]}-narrow"
    streams = {wide: 8, narrow: 1}
    judge = Judge(lambda line: print(line, flush=True))
    writers = [Writer(server.port, judge, streams, i, rng.random()) for i in range(args.writers)]
    resharder = Resharder(server.port, wide, rng.random())
    workers = [*writers, Reader(server.port, judge, streams)] + ([] if args.no_reshard else [resharder])
    try:
        create(server.port, streams)
        for worker in workers:
            worker.start()
        totals.lost += rounds_run(args, server, rng, rounds, streams, judge, workers)
    finally:
        for worker in workers:
            worker.stop()
        for worker in workers:
            if worker.ident:
                worker.join(60)
        totals.passed += judge.passed
        totals.failed += judge.failed + (not judge.promised)
        totals.sent += len(judge.sent)
        totals.acknowledged += len(judge.promised)
        totals.refused += sum(writer.refusals for writer in writers)
        totals.reshards += resharder.done
    client = Client(server.port)
    for stream in streams:
        client.call("DeleteStream", StreamName=stream)


def main():
    parser = argparse.ArgumentParser(prog="tools/crash", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--every", type=int, default=10, help="verify everything every so many rounds")
    parser.add_argument("--turn", type=int, default=TURN_ROUNDS, help="begin new streams every so many rounds")
    parser.add_argument("--seconds", type=float, default=0.8, help="longest life of the server between two kills")
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--no-reshard", action="store_true", help="leave the shards as they are")
    parser.add_argument("--leat", default=LEAT)
    parser.add_argument("--durability", default="sync", choices=["sync", "os"])
    parser.add_argument("--data", default=None, help="an empty directory (default: a temporary one)")
    parser.add_argument("--command", default=COMMAND, help="how to start the server; {leat} {port} {data} {durability}")
    args = parser.parse_args()

    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    rng = random.Random(seed)
    data = args.data or tempfile.mkdtemp(prefix="leat-crash-")
    port = free_port()
    command = [word.format(leat=args.leat, port=port, data=data, durability=args.durability)
               for word in shlex.split(args.command)]
    log = open(data.rstrip("/") + ".log", "ab")
    server = Server(command, port, log)
    totals, problem = Totals(), None
    try:
        server.start()
        for first in range(1, args.rounds + 1, args.turn):
            turn(args, server, rng, range(first, min(first + args.turn, args.rounds + 1)), totals)
    except Exception as e:
        problem = e
    finally:
        if server.process and server.alive():
            server.kill()
    if problem is not None:
        totals.failed += 1
        print(f"FAULT {type(problem).__name__}: {problem}")
    starts = sorted(server.starts_ms) or [0]
    print(f"seed {seed}, {totals.sent} records sent, {totals.refused} calls refused, {totals.reshards} splits and merges; "
          f"start after a kill: median {starts[len(starts) // 2]:.0f} ms, longest {starts[-1]:.0f} ms")
    print(f"{args.rounds} rounds, {totals.acknowledged} records acknowledged, {totals.lost} lost")
    if totals.failed:
        print(f"kept for you: {data} and {log.name}")
    elif not args.data:
        shutil.rmtree(data, ignore_errors=True)
        os.unlink(log.name)
    print(f"{totals.passed} passed, {totals.failed} failed")
    sys.exit(1 if totals.failed else 0)


if __name__ == "__main__":
    main()
