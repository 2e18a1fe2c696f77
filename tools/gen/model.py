"""model.py: a parsed model, checked and resolved into what the emitters print.

Every complaint a model can deserve is made here: unknown shapes, traits in the wrong place, two errors for one
`enum err`, an errorOrder that names no member.
"""

import re

from parse import ModelError, SIMPLE
from pattern import Automaton, PatternError

PRELUDE = {
    "String": "string", "Blob": "blob", "Integer": "integer", "Long": "long", "Float": "double", "Double": "double",
    "Boolean": "boolean", "Timestamp": "timestamp",
}  # fmt: skip

TRAITS = {
    "scalar": {"length", "range", "pattern", "matches", "sensitive"},
    "enum": {"printOrder"},
    "list": {"length"},
    "map": {"length"},
    "structure": {"errorOrder", "err", "wireName", "error", "httpError"},
    "union": {"streaming"},
    "operation": {"plane", "rate", "resource", "http", "readonly", "idempotent"},
    "service": {"targetPrefix", "signingName"},
    "member": {"required", "length", "range", "pattern", "matches", "jsonName", "httpLabel", "httpQuery", "httpHeader",
               "httpPayload", "sensitive"},
}  # fmt: skip

PLANES = {"none": "PLANE_NONE", "control": "PLANE_CONTROL", "data": "PLANE_DATA"}
SCOPES = {"account": "RATE_ACCOUNT", "stream": "RATE_STREAM", "shard": "RATE_SHARD",
          "consumerShard": "RATE_CONSUMER_SHARD"}  # fmt: skip
RESOURCES = {"any": "RESOURCE_ANY", "name": "RESOURCE_NAME", "arn": "RESOURCE_ARN", "token": "RESOURCE_TOKEN"}
KEYWORDS = set(
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while".split()
)


def snake(name):
    """StreamARN -> stream_arn, MaxRecordSizeInKiB -> max_record_size_in_kib, S3TablesUri -> s3_tables_uri."""
    name = name.replace("KiB", "Kib").replace("MiBps", "Mibps")
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def member_name(name):
    name = snake(name)
    return name + "_" if name in KEYWORDS else name


class Model:
    def __init__(self, parsed, stem):
        self.file, self.stem = parsed, stem
        self.shapes = parsed.shapes
        meta = parsed.metadata
        self.prefix = meta.get("prefix", "")
        self.operation_prefix = meta.get("operationPrefix", self.prefix)
        self.constant_prefix = meta.get("constantPrefix", self.prefix.upper())
        self.operations = sorted((s for s in self.shapes.values() if s.kind == "operation"), key=lambda s: s.name)
        services = [s for s in self.shapes.values() if s.kind == "service"]
        if len(services) > 1:
            self.fail(services[1], "a model has one service at most")
        self.service = services[0] if services else None
        self.errors = [s for s in self.shapes.values() if "error" in s.traits]
        self.in_out = set()
        self.automata = {}
        for shape in self.shapes.values():
            self.check_shape(shape)
        for operation in self.operations:
            self.check_operation(operation)
        if self.service:
            self.check_service()

    def fail(self, what, message):
        raise ModelError(f"{self.file.name}:{what.line}: {what.name}: {message}")

    # What a target is.

    def kind_of(self, target):
        if target in self.shapes:
            kind = self.shapes[target].kind
            return {"float": "double", "union": "structure"}.get(kind, kind)
        return PRELUDE[target]

    def type_name(self, name):
        prefix = self.operation_prefix if name in self.in_out else self.prefix
        return prefix + snake(name)

    def shape_name(self, target):
        return self.type_name(target) + "_shape" if target in self.shapes else "shape_" + PRELUDE[target]

    def data_shapes(self, *kinds):
        """What structs and tables are made for, in the order of the model."""
        return [s for s in self.shapes.values() if s.kind in kinds and "error" not in s.traits]

    def body_members(self, shape):
        """Without errors (of an event union) and without event streams (which follow the output)."""
        return [m for m in shape.members
                if not self.has_trait(m.target, "error") and not self.has_trait(m.target, "streaming")]  # fmt: skip

    def has_trait(self, target, trait):
        return target in self.shapes and trait in self.shapes[target].traits

    def constraints(self, shape, member=None):
        """The traits that count at a member: its own before its target's."""
        found = dict(shape.traits) if shape else {}
        if member:
            found.update({k: v for k, v in member.traits.items() if k in ("length", "range", "pattern", "matches")})
        return found

    def automaton(self, traits):
        if "pattern" not in traits:
            return None
        key = (traits["pattern"], traits.get("matches", traits["pattern"]))
        if key not in self.automata:
            self.automata[key] = Automaton(key[1])
        return f"pattern_{list(self.automata).index(key)}"

    # Checks.

    def check_traits(self, what, where):
        for trait in what.traits:
            if trait not in TRAITS[where]:
                self.fail(what, f"trait {trait} does not belong on a {where}")

    def check_shape(self, shape):
        where = "scalar" if shape.kind in SIMPLE else shape.kind
        self.check_traits(shape, where)
        self.check_pattern(shape)
        for member in shape.members:
            if shape.kind == "enum":
                continue
            self.check_traits(member, "member")
            self.check_pattern(member)
            if member.target not in self.shapes and member.target not in PRELUDE:
                self.fail(member, f"no shape {member.target}")
        names = [member.name for member in shape.members]
        if shape.kind == "list" and names != ["member"]:
            self.fail(shape, "a list has one member, called member")
        if shape.kind == "map" and (names != ["key", "value"] or self.kind_of(shape.members[0].target) != "string"):
            self.fail(shape, "a map has a key, which is a string, and a value")
        for name in shape.traits.get("errorOrder", []):
            if name not in names:
                self.fail(shape, f"errorOrder names {name}, which is no member")
        if shape.kind == "enum" and not set(shape.traits.get("printOrder", [])) <= {m.value for m in shape.members}:
            self.fail(shape, "printOrder names a value that is not in the enum")
        if "error" in shape.traits and not ("err" in shape.traits and "httpError" in shape.traits):
            self.fail(shape, "an error needs err and httpError")

    def check_pattern(self, what):
        try:
            self.automaton(what.traits)
        except PatternError as error:
            self.fail(what, f"{error}; say what it matches in another form with @matches")

    def check_operation(self, operation):
        self.check_traits(operation, "operation")
        for side in ("input", "output"):
            target = operation.properties.get(side)
            if target is None and side == "output":
                continue
            if target not in self.shapes or self.shapes[target].kind != "structure":
                self.fail(operation, f"{side} must be a structure")
            self.in_out.add(target)
        for name in operation.properties.get("errors", []):
            if not self.has_trait(name, "error"):
                self.fail(operation, f"{name} is no error")
        if operation.traits.get("plane", "none") not in PLANES:
            self.fail(operation, "plane is control, data or none")
        rate = operation.traits.get("rate")
        if rate and (set(rate) != {"perSecond", "scope", "err"} or rate["scope"] not in SCOPES):
            self.fail(operation, "rate needs perSecond, err and a known scope")
        self.resources(operation)

    def resources(self, operation):
        """(kind, member index) in the order in which they are looked for."""
        members = [m.name for m in self.body_members(self.shapes[operation.properties["input"]])]
        found = []
        for kind, names in operation.traits.get("resource", {"any": True}).items():
            if kind not in RESOURCES:
                self.fail(operation, f"no resource kind {kind}")
            for name in [None] if kind == "any" else [names] if isinstance(names, str) else names:
                if name is not None and name not in members:
                    self.fail(operation, f"the resource {name} is no member of the input")
                found.append((RESOURCES[kind], members.index(name) if name else 0))
        return found

    def check_service(self):
        listed = self.service.properties.get("operations", [])
        if sorted(listed) != [operation.name for operation in self.operations]:
            self.fail(self.service, "operations listed and operations defined differ")
        seen = {}
        for error in self.service_errors():
            kind = error.traits["err"]
            if kind in seen:
                self.fail(error, f"{seen[kind]} stands for {kind} already")
            seen[kind] = error.name
        if "INTERNAL" not in seen:
            self.fail(self.service, "no error stands for INTERNAL")

    def service_errors(self):
        names = set(self.service.properties.get("errors", []))
        for operation in self.operations:
            names |= set(operation.properties.get("errors", []))
        for name in names:
            if not self.has_trait(name, "error"):
                self.fail(self.service, f"{name} is no error")
        return [self.shapes[name] for name in sorted(names)]

    def error_order(self, shape):
        """Indices of the members, or None if it is the order of the model."""
        members = [m.name for m in self.body_members(shape)]
        first = [name for name in shape.traits.get("errorOrder", []) if name in members]
        order = first + [name for name in members if name not in first]
        return None if order == members else [members.index(name) for name in order]

    def events_of(self, operation):
        output = operation.properties.get("output")
        for member in self.shapes[output].members if output else []:
            if self.has_trait(member.target, "streaming"):
                return member.target
        return None
