"""Sequence numbers of the service's present layout, taken apart and put together.

47 hex digits: `2`, creation second (9), low digit of the shard index, counter (16), `00`, record second (9), shard index
(8), version `2`.
"""


def hexed(number):
    return "%047x" % int(number)


def parse(number):
    h = hexed(number)
    return {"head": h[0], "created": int(h[1:10], 16), "low": int(h[10], 16), "counter": int(h[11:27], 16),
            "zero": h[27:29], "second": int(h[29:38], 16), "shard": int(h[38:46], 16), "version": h[46]}


def build(created, shard, counter=0, second=None, version="2"):
    digits = "2%09x%x%016x00%09x%08x%s" % (created, shard & 15, counter, created if second is None else second, shard,
                                           version)
    return str(int(digits, 16))


def complaint(number, shard):
    """What is wrong with this number as one of a record in the shard of that index; None when nothing is."""
    if not number.isdigit() or len(number) != 56:
        return "not 56 digits: %s" % number
    if int(number).bit_length() != 186:
        return "not 186 bits: %s" % number
    p = parse(number)
    if (p["head"], p["version"], p["zero"]) != ("2", "2", "00"):
        return "head, version or zero digits differ: %s" % hexed(number)
    if p["shard"] != shard or p["low"] != shard & 15:
        return "does not name shard %d: %s" % (shard, hexed(number))
    return None
