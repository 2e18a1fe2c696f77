"""parse.py: the subset of Smithy IDL 2.0 that models are written in (model/README.md), as plain Python data.

parse(text, name) returns a File: metadata, namespace, and the shapes in the order of the text. Commas count as
space, as in Smithy. What is not in the subset is refused with file and line; nothing is silently ignored.
"""

import re
from dataclasses import dataclass, field

SIMPLE = {"string", "blob", "integer", "long", "float", "double", "boolean", "timestamp"}

TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n,]+)
      | (?P<doc>///[^\n]*)
      | (?P<comment>//[^\n]*)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:[.\#$][A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<punct>[{}\[\]():=@$])""",
    re.VERBOSE | re.DOTALL,
)

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f"}


class ModelError(Exception):
    """The model cannot be used; the text says where and why."""


@dataclass
class Member:
    name: str
    target: str
    traits: dict
    doc: str
    line: int
    value: object = None  # of an enum member


@dataclass
class Shape:
    name: str
    kind: str
    traits: dict
    doc: str
    line: int
    members: list = field(default_factory=list)
    properties: dict = field(default_factory=dict)  # of services and operations


@dataclass
class File:
    name: str
    version: str = ""
    namespace: str = ""
    metadata: dict = field(default_factory=dict)
    shapes: dict = field(default_factory=dict)


def unescape(text):
    def one(match):
        what = match.group(1)
        if what[0] == "u":
            return chr(int(what[1:], 16))
        if what not in ESCAPES:
            raise ModelError("unknown escape \\" + what)
        return ESCAPES[what]

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", one, text, flags=re.DOTALL)


class Parser:
    def __init__(self, text, name):
        self.file = File(name)
        self.tokens = []
        at, line = 0, 1
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                raise ModelError(f"{name}:{line}: unexpected {text[at]!r}")
            if match.lastgroup not in ("space", "comment"):
                self.tokens.append((match.lastgroup, match.group(), line))
            line += match.group().count("\n")
            at = match.end()
        self.tokens.append(("end", "", line))
        self.at = 0

    def fail(self, what):
        raise ModelError(f"{self.file.name}:{self.tokens[self.at][2]}: {what}")

    def peek(self):
        return self.tokens[self.at][1] if self.tokens[self.at][0] != "string" else None

    def take(self, kind=None, text=None):
        token = self.tokens[self.at]
        if (kind and token[0] != kind) or (text and token[1] != text):
            self.fail(f"expected {text or kind}, found {token[1]!r}")
        self.at += 1
        return token[1]

    def accept(self, text):
        if self.peek() == text:
            self.at += 1
            return True
        return False

    def docs(self):
        lines = []
        while self.tokens[self.at][0] == "doc":
            lines.append(self.take()[3:].strip())
        return " ".join(lines)

    def node(self):
        """A value: string, number, true, false, name, list or object."""
        kind, text, _ = self.tokens[self.at]
        if kind == "string":
            self.at += 1
            return unescape(text[1:-1])
        if kind == "number":
            self.at += 1
            return float(text) if "." in text else int(text)
        if kind == "name":
            self.at += 1
            return {"true": True, "false": False, "null": None}.get(text, text)
        if self.accept("["):
            values = []
            while not self.accept("]"):
                values.append(self.node())
            return values
        if self.accept("{"):
            return self.pairs("}")
        self.fail(f"expected a value, found {text!r}")

    def pairs(self, end):
        values = {}
        while not self.accept(end):
            key = self.node()
            self.take(text=":")
            if key in values:
                self.fail(f"{key} is given twice")
            values[key] = self.node()
        return values

    def traits(self):
        found = {}
        while self.accept("@"):
            name = self.take("name").split("#")[-1]
            if name in found:
                self.fail(f"trait {name} is given twice")
            found[name] = self.trait_value() if self.accept("(") else True
        return found

    def trait_value(self):
        named = self.tokens[self.at][0] in ("name", "string") and self.tokens[self.at + 1][1] == ":"
        if named:
            return self.pairs(")")
        value = self.node()
        self.take(text=")")
        return value

    def members(self, kind):
        found = []
        self.take(text="{")
        while True:
            doc = self.docs()
            traits = self.traits()
            line = self.tokens[self.at][2]
            if self.accept("}"):
                if doc or traits:
                    self.fail("a comment or trait without a member")
                return found
            name = self.take("name")
            if any(member.name == name for member in found):
                self.fail(f"member {name} is given twice")
            if kind == "enum":
                value = self.node() if self.accept("=") else name
                found.append(Member(name, "", traits, doc, line, value))
            else:
                self.take(text=":")
                found.append(Member(name, self.take("name").split("#")[-1], traits, doc, line))

    def statement(self, doc, traits):
        line = self.tokens[self.at][2]
        kind = self.take("name")
        name = self.take("name")
        shape = Shape(name, kind, traits, doc, line)
        if kind in ("structure", "union", "list", "map", "enum"):
            shape.members = self.members(kind)
        elif kind in ("operation", "service"):
            self.take(text="{")
            shape.properties = self.pairs("}")
        elif kind not in SIMPLE:
            self.fail(f"{kind} is not in the subset")
        if name in self.file.shapes:
            self.fail(f"shape {name} is defined twice")
        self.file.shapes[name] = shape

    def parse(self):
        while self.tokens[self.at][0] != "end":
            doc = self.docs()
            traits = self.traits()
            if self.accept("$"):
                self.take(text="version")
                self.take(text=":")
                self.file.version = self.node()
            elif self.peek() == "metadata":
                self.take()
                key = self.node()
                self.take(text="=")
                self.file.metadata[key] = self.node()
            elif self.peek() == "namespace":
                self.take()
                self.file.namespace = self.take("name")
            elif self.peek() == "use":
                self.take()
                self.take("name")
            else:
                self.statement(doc, traits)
        if self.file.version != "2.0":
            self.fail('a model begins with $version: "2.0"')
        if not self.file.namespace:
            self.fail("the namespace is missing")
        return self.file


def parse(text, name):
    return Parser(text, name).parse()
