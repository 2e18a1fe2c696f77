#!/usr/bin/env python3
"""model_diff.py MODEL.smithy SERVICE-2.JSON[.GZ]: how our model differs from a published botocore model.

Compares operations, members, required members, constraints, enums, planes and errors, and prints one line per
difference; the exit status is 1 if there is one that is not expected below. So drift can be seen when the vendor
publishes a new model.
"""

import gzip
import json
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent / "gen"))

from model import Model  # noqa: E402
from parse import parse  # noqa: E402

EXPECTED = (
    (r".*: (min|max|pattern) .* ours, None theirs", "not published, but documented"),
    (r".*: pattern (0\|\(\[1-9\]\\d\{0,\d+\}\)) ours, \^\(\1\)\$ theirs", "the same language, as messages print it"),
    (r"UpdateMaxRecordSizeInput\.StreamARN: required ours only", "the operation is documented to need it"),
)


class Differences:
    def __init__(self):
        self.lines = []

    def add(self, where, what):
        self.lines.append(f"{where}: {what}")

    def sides(self, where, what, ours, theirs):
        """Two sets that should be equal."""
        for name in sorted(set(ours) - set(theirs)):
            self.add(f"{where}{name}", f"{what}ours only")
        for name in sorted(set(theirs) - set(ours)):
            self.add(f"{where}{name}", f"{what}theirs only")


def our_constraints(model, target, member):
    shape = model.shapes.get(target)
    traits = model.constraints(shape, member)
    found = dict(traits.get("length") or traits.get("range") or {})
    if "pattern" in traits:
        found["pattern"] = traits["pattern"]
    if shape and shape.kind == "enum":
        found["enum"] = sorted(one.value for one in shape.members)
    return found


def their_constraints(shape):
    found = {key: shape[key] for key in ("min", "max", "pattern") if key in shape}
    if "enum" in shape:
        found["enum"] = sorted(shape["enum"])
    return found


KINDS = {"float": "double", "union": "structure"}


def compare_target(model, theirs, our_target, member, their_target, where, seen, out):
    shape = theirs[their_target]
    kind = model.kind_of(our_target)
    kind = "string" if kind == "enum" else kind
    if kind != KINDS.get(shape["type"], shape["type"]):
        out.add(where, f"{kind} ours, {shape['type']} theirs")
        return
    ours, published = our_constraints(model, our_target, member), their_constraints(shape)
    for key in sorted(set(ours) | set(published)):
        if ours.get(key) != published.get(key):
            out.add(where, f"{key} {ours.get(key)} ours, {published.get(key)} theirs")
    if kind == "structure":
        compare_structure(model, theirs, our_target, their_target, seen, out)
    elif kind in ("list", "map"):
        inner = {m.name: m for m in model.shapes[our_target].members}
        for name in ("member",) if kind == "list" else ("key", "value"):
            target = inner[name].target
            compare_target(model, theirs, target, inner[name], shape[name]["shape"], f"{where}.{name}", seen, out)


def compare_structure(model, theirs, our_name, their_name, seen, out):
    if their_name in seen or theirs[their_name].get("exception"):
        return
    seen.add(their_name)
    ours = {member.name: member for member in model.shapes[our_name].members}
    published = theirs[their_name]["members"]
    out.sides(f"{their_name}.", "", ours, published)
    if not theirs[their_name].get("eventstream") and our_name != "SubscribeToShardOutput":
        required = {name for name, member in ours.items() if "required" in member.traits}
        needed = theirs[their_name].get("required", [])
        out.sides(f"{their_name}.", "required ", required & set(published), set(needed) & set(ours))
    for name in sorted(set(ours) & set(published)):
        where = f"{their_name}.{name}"
        compare_target(model, theirs, ours[name].target, ours[name], published[name]["shape"], where, seen, out)


def compare_operation(model, theirs, ours, published, seen, out):
    for side in ("input", "output"):
        our_shape, their_shape = ours.properties.get(side), published.get(side, {}).get("shape")
        if our_shape and their_shape:
            compare_structure(model, theirs, our_shape, their_shape, seen, out)
        elif our_shape or their_shape:
            out.add(ours.name, f"{side} {our_shape} ours, {their_shape} theirs")
    plane = published.get("staticContextParams", {}).get("OperationType", {}).get("value", "none")
    if plane != ours.traits.get("plane"):
        out.add(ours.name, f"plane {ours.traits.get('plane')} ours, {plane} theirs")
    errors = [error["shape"] for error in published.get("errors", [])]
    out.sides(f"{ours.name} error ", "", ours.properties.get("errors", []), errors)


def load(path):
    data = Path(path).read_bytes()
    return json.loads(gzip.decompress(data) if path.endswith(".gz") else data)


def main(model_path, service_path):
    model = Model(parse(Path(model_path).read_text(encoding="utf-8"), model_path), Path(model_path).stem)
    service = load(service_path)
    out = Differences()
    ours = {operation.name: operation for operation in model.operations}
    out.sides("", "", ours, service["operations"])
    seen = set()
    for name in sorted(set(ours) & set(service["operations"])):
        compare_operation(model, service["shapes"], ours[name], service["operations"][name], seen, out)
    surprises = 0
    for line in out.lines:
        reason = next((why for form, why in EXPECTED if re.fullmatch(form, line)), None)
        surprises += reason is None
        print(f"{line}   ({reason})" if reason else line)
    return 1 if surprises else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
