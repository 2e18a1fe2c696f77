"""pattern.py: regular expressions to automata, at build time.

A pattern matches the whole value, and a value comes from a stranger, so matching must take one step per character and
no memory. We take Brzozowski derivatives of the expression until no new one appears; the derivatives are the states.
Derivatives also give us intersection and complement, so a lookahead at the top level costs nothing extra.

An expression is a tuple, kept in a normal form so that equal ones meet:
    EMPTY | EPSILON | ('set', ranges) | ('cat', a, b) | ('alt', frozenset) | ('and', frozenset) | ('not', a)
    | ('rep', a, least, most or None)
"""

import unicodedata

MAX_CODE = 0x10FFFF
STATES_MAX = 4096
EMPTY = ("set", ())
EPSILON = ("epsilon",)
LINE_ENDS = ((0x0A, 0x0A), (0x0D, 0x0D), (0x85, 0x85), (0x2028, 0x2029))  # what Java's dot does not match
DIGITS = ((0x30, 0x39),)
WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACES = ((0x09, 0x0D), (0x20, 0x20))


class PatternError(Exception):
    """The pattern lies outside of what we understand."""


def merged(ranges):
    out = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    return tuple(out)


def inverted(ranges):
    out, at = [], 0
    for low, high in merged(ranges):
        if low > at:
            out.append((at, low - 1))
        at = high + 1
    if at <= MAX_CODE:
        out.append((at, MAX_CODE))
    return tuple(out)


def category(initial):
    """The code points whose Unicode general category begins with `initial`."""
    return merged((code, code) for code in range(MAX_CODE + 1) if unicodedata.category(chr(code)).startswith(initial))


ANY = ("set", ((0, MAX_CODE),))


def make_cat(a, b):
    if a == EMPTY or b == EMPTY:
        return EMPTY
    if a == EPSILON:
        return b
    if b == EPSILON:
        return a
    if a[0] == "cat":
        return ("cat", a[1], make_cat(a[2], b))
    return ("cat", a, b)


def make_rep(a, least, most):
    if a in (EMPTY, EPSILON):
        return EPSILON if least == 0 else a
    if most == 0:
        return EPSILON
    if (least, most) == (1, 1):
        return a
    return ("rep", a, least, most)


ALL = ("rep", ANY, 0, None)


def make_alt(parts):
    flat, ranges = set(), []
    for part in parts:
        for one in part[1] if part[0] == "alt" else (part,):
            if one[0] == "set":
                ranges += one[1]
            else:
                flat.add(one)
    if ranges:
        flat.add(("set", merged(ranges)))
    if ALL in flat:
        return ALL
    if not flat:
        return EMPTY
    return flat.pop() if len(flat) == 1 else ("alt", frozenset(flat))


def make_not(a):
    return a[1] if a[0] == "not" else ("not", a)


def make_and(parts):
    flat = set()
    for part in parts:
        flat |= part[1] if part[0] == "and" else {part}
    flat -= {ALL, ("not", EMPTY)}
    if EMPTY in flat or ("not", ALL) in flat:
        return EMPTY
    if not flat:
        return ALL
    return flat.pop() if len(flat) == 1 else ("and", frozenset(flat))


def nullable(a):
    kind = a[0]
    if kind == "epsilon":
        return True
    if kind == "cat":
        return nullable(a[1]) and nullable(a[2])
    if kind == "alt":
        return any(nullable(part) for part in a[1])
    if kind == "and":
        return all(nullable(part) for part in a[1])
    if kind == "not":
        return not nullable(a[1])
    if kind == "rep":
        return a[2] == 0 or nullable(a[1])
    return False


def derive(a, code):
    kind = a[0]
    if kind == "epsilon":
        return EMPTY
    if kind == "set":
        return EPSILON if any(low <= code <= high for low, high in a[1]) else EMPTY
    if kind == "cat":
        left = make_cat(derive(a[1], code), a[2])
        return make_alt([left, derive(a[2], code)]) if nullable(a[1]) else left
    if kind == "alt":
        return make_alt([derive(part, code) for part in a[1]])
    if kind == "and":
        return make_and([derive(part, code) for part in a[1]])
    if kind == "not":
        return make_not(derive(a[1], code))
    _, inner, least, most = a
    rest = make_rep(inner, max(least - 1, 0), None if most is None else most - 1)
    return make_cat(derive(inner, code), rest)


def sets_of(a, found):
    if a[0] == "set":
        found.add(a[1])
    elif a[0] in ("alt", "and"):
        for part in a[1]:
            sets_of(part, found)
    else:
        for part in a[1:]:
            if isinstance(part, tuple):
                sets_of(part, found)
    return found


class Reader:
    """Java's syntax as far as models use it."""

    def __init__(self, text):
        self.text, self.at, self.depth = text, 0, 0

    def fail(self, what):
        raise PatternError(f"{what} at {self.at} of {self.text!r}")

    def peek(self, text):
        return self.text.startswith(text, self.at)

    def accept(self, text):
        if self.peek(text):
            self.at += len(text)
            return True
        return False

    def next(self):
        if self.at >= len(self.text):
            self.fail("unexpected end")
        self.at += 1
        return self.text[self.at - 1]

    def alternatives(self, open_end=False):
        """With open_end (a lookahead) anything may follow, unless the alternative ends with $."""
        parts = [self.sequence(open_end)]
        while self.accept("|"):
            parts.append(self.sequence(open_end))
        return make_alt(parts)

    def sequence(self, open_end):
        items = []
        ended = False
        while self.at < len(self.text) and not self.peek("|") and not self.peek(")"):
            if self.accept("^"):
                if items:
                    self.fail("^ inside a pattern")
                continue
            if ended:
                self.fail("$ inside a pattern")
            if self.accept("$"):
                ended = True
                continue
            items.append(self.item())
        whole = EPSILON if ended or not open_end else ALL
        for item in reversed(items):
            whole = make_and([item[1], whole]) if item[0] == "look" else make_cat(item, whole)
        return whole

    def item(self):
        for sign, wrap in (("(?=", lambda a: a), ("(?!", make_not)):
            if self.accept(sign):
                if self.depth:
                    self.fail("lookahead inside a group")
                inner = wrap(self.alternatives(open_end=True))
                self.close()
                return ("look", inner)
        return self.repeated(self.atom())

    def close(self):
        if not self.accept(")"):
            self.fail("expected )")

    def repeated(self, atom):
        while True:
            if self.accept("*"):
                atom = make_rep(atom, 0, None)
            elif self.accept("+"):
                atom = make_rep(atom, 1, None)
            elif self.accept("?"):
                atom = make_rep(atom, 0, 1)
            elif self.peek("{"):
                atom = make_rep(atom, *self.bounds())
            else:
                return atom
            self.accept("?")  # a lazy quantifier matches the same values

    def bounds(self):
        end = self.text.index("}", self.at)
        least, comma, most = self.text[self.at + 1 : end].partition(",")
        self.at = end + 1
        if not comma:
            return int(least), int(least)
        return int(least or 0), int(most) if most else None

    def atom(self):
        if self.accept("("):
            if self.accept("?") and not self.accept(":"):
                self.fail("unknown kind of group")
            self.depth += 1
            inner = self.alternatives()
            self.depth -= 1
            self.close()
            return inner
        if self.accept("["):
            return ("set", self.char_class())
        if self.accept("."):
            return ("set", inverted(LINE_ENDS))
        if self.accept("\\"):
            return ("set", self.escape())
        char = self.next()
        if char in "*+?{":
            self.fail("nothing to repeat")
        return ("set", ((ord(char), ord(char)),))

    def escape(self):
        char = self.next()
        known = {"d": DIGITS, "w": WORD, "s": SPACES}
        if char in known:
            return known[char]
        if char.lower() in known:
            return inverted(known[char.lower()])
        if char in ("p", "P"):
            name = self.text[self.at + 1 : self.text.index("}", self.at)]
            self.at += len(name) + 2
            ranges = ((0x20, 0x7E),) if name in ("Print", "Graph") else category(name)
            return ranges if char == "p" else inverted(ranges)
        if char in ("x", "u"):
            code = self.hex(2 if char == "x" else 4)
            if 0xD800 <= code < 0xDC00 and self.accept("\\u"):
                code = 0x10000 + ((code - 0xD800) << 10) + self.hex(4) - 0xDC00
            return ((code, code),)
        plain = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11}
        if char.isalnum() and char not in plain:
            self.fail("unknown escape")
        code = plain.get(char, ord(char))
        return ((code, code),)

    def hex(self, count):
        self.at += count
        return int(self.text[self.at - count : self.at], 16)

    def char_class(self):
        negated = self.accept("^")
        ranges = []
        while not self.accept("]"):
            low = self.escape() if self.accept("\\") else ((ord(self.text[self.at]), ord(self.next())),)
            single = len(low) == 1 and low[0][0] == low[0][1]
            if single and self.peek("-") and not self.peek("-]"):
                self.at += 1
                high = self.escape() if self.accept("\\") else ((ord(self.text[self.at]), ord(self.next())),)
                low = ((low[0][0], high[0][1]),)
            ranges += low
        return inverted(ranges) if negated else merged(ranges)


class Automaton:
    """states: state 0 refuses for ever, state 1 is the start. breaks: (first code point, class), ascending."""

    def __init__(self, text):
        reader = Reader(text)
        start = reader.alternatives()
        if reader.at != len(text):
            reader.fail("unexpected )")
        self.text = text
        self.classify(sets_of(start, set()))
        self.explore(start)

    def classify(self, sets):
        edges = {0}
        for ranges in sets:
            for low, high in ranges:
                edges |= {low, high + 1}
        kinds, self.breaks = {}, []
        for edge in sorted(edge for edge in edges if edge <= MAX_CODE):
            member = tuple(any(low <= edge <= high for low, high in ranges) for ranges in sorted(sets))
            kind = kinds.setdefault(member, len(kinds))
            if not self.breaks or self.breaks[-1][1] != kind:
                self.breaks.append((edge, kind))
        self.class_count = len(kinds)
        self.samples = [next(edge for edge, kind in self.breaks if kind == wanted) for wanted in range(len(kinds))]

    def explore(self, start):
        number = {EMPTY: 0}
        number.setdefault(start, len(number))
        queue = [EMPTY] if start == EMPTY else [EMPTY, start]
        self.next = []
        self.accepts = []
        for state in queue:
            row = []
            for sample in self.samples:
                after = derive(state, sample)
                if after not in number:
                    number[after] = len(number)
                    queue.append(after)
                row.append(number[after])
            self.next.append(row)
            self.accepts.append(nullable(state))
            if len(queue) > STATES_MAX:
                raise PatternError(f"more than {STATES_MAX} states for {self.text!r}")
        self.start = number[start]

    def class_of(self, code):
        return [kind for first, kind in self.breaks if first <= code][-1]

    def matches(self, value):
        """For tests; the C code does the same."""
        state = self.start
        for char in value:
            state = self.next[state][self.class_of(ord(char))]
        return self.accepts[state]
