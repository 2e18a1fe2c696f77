"""What a row of the table is, and how an answer is judged by it."""
import base64
import dataclasses
import json
import re

import cbor
from http_raw import CBOR, JSON, PREFIX, gzipped, is_uuid

VALIDATION = "ValidationException"
INVALID = "InvalidArgumentException"
NOT_FOUND = "ResourceNotFoundException"
IN_USE = "ResourceInUseException"
LIMIT = "LimitExceededException"
SERIALIZATION = "SerializationException"

ABSENT = object()  # the member must not be there
ANY = object()     # the text is not known: only the type is asserted


@dataclasses.dataclass
class Row:
    name: str
    op: str = None              # None: no X-Amz-Target at all
    body: object = None         # dict: encoded by content type; bytes: as they are
    type: object = None         # expected __type; None: success is expected; a tuple: one of
    message: object = ANY       # str, compiled regex, tuple of alternatives, ABSENT or ANY
    status: int = None
    kind: str = JSON            # Content-Type; None: no such header
    headers: dict = dataclasses.field(default_factory=dict)
    method: str = "POST"
    path: str = "/"
    sign: object = True         # True, False, or the keyword arguments of a wrong signature
    target: str = None          # whole X-Amz-Target, where it is not one of the service's
    xml: str = None             # the exact XML or text body expected
    exact: object = None        # the exact decoded body expected
    answer_kind: str = None     # Content-Type expected, where it is not the request's
    reply: dict = dataclasses.field(default_factory=dict)   # answer headers: text, regex or ABSENT
    gzip: bool = False
    streamed: bool = False      # CBOR of indefinite length
    check: object = None        # a function of the decoded body that returns a complaint or None
    verified: bool = False      # needs a server that verifies signatures


def constraints(*parts):
    """The text of a ValidationException made of these (value, path, rule) parts."""
    word = "error" if len(parts) == 1 else "errors"
    told = []
    for value, path, rule in parts:
        shown = "null" if value is None else "'%s'" % value
        told.append("Value %s at '%s' failed to satisfy constraint: %s" % (shown, path, rule))
    return "%d validation %s detected: %s" % (len(parts), word, "; ".join(told))


NOT_NULL = "Member must not be null"
NAME_PATTERN = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
HASH_PATTERN = r"Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})"
SEQUENCE_PATTERN = r"Member must satisfy regular expression pattern: 0|([1-9]\d{0,128})"


def longer(n):
    return "Member must have length greater than or equal to %d" % n


def shorter(n):
    return "Member must have length less than or equal to %d" % n


def at_least(n):
    return "Member must have value greater than or equal to %d" % n


def at_most(n):
    return "Member must have value less than or equal to %d" % n


def perform(wire, row):
    if row.body is None:
        raw = b""
    elif isinstance(row.body, bytes):
        raw = row.body
    elif row.kind == CBOR:
        raw = cbor.encode(row.body, row.streamed)
    else:
        raw = json.dumps(row.body).encode()
    headers = dict(row.headers)
    if row.kind is not None:
        headers["Content-Type"] = row.kind
    if row.target is not None or row.op is not None:
        headers["X-Amz-Target"] = row.target if row.target is not None else PREFIX + row.op
    if row.gzip:
        raw = gzipped(raw)
        headers["Content-Encoding"] = "gzip"
    if row.sign is not False:
        wrong = row.sign if isinstance(row.sign, dict) else {}
        headers = wire.signed(row.method, row.path, headers, raw, **wrong)
    return wire.send(row.method, row.path, headers, raw)


def judge(row, answer):
    """None when the answer is what the row promises, else one sentence."""
    status = row.status or (200 if row.type is None else 400)
    if answer.status != status:
        return "status %d, not %d: %s" % (answer.status, status, shown(answer.body))
    return _judge_headers(row, answer) or _judge_body(row, answer)


def _judge_headers(row, answer):
    if answer.status == 413:
        return None
    if not is_uuid(answer.headers.get("x-amzn-requestid")):
        return "no UUID in x-amzn-RequestId: %r" % answer.headers.get("x-amzn-requestid")
    if "x-amz-id-2" not in row.reply:
        try:
            size = len(base64.b64decode(answer.headers.get("x-amz-id-2", ""), validate=True))
        except ValueError:
            size = 0
        if not 64 <= size <= 80:
            return "x-amz-id-2 is not base64 of about 72 bytes: %r" % answer.headers.get("x-amz-id-2")
    if "date" not in answer.headers:
        return "no Date header"
    if answer.headers.get("content-length") != str(len(answer.body)):
        return "Content-Length %r for %d bytes" % (answer.headers.get("content-length"), len(answer.body))
    for name, wanted in row.reply.items():
        got = answer.headers.get(name)
        if wanted is ABSENT:
            if got is not None:
                return "header %s must be absent, is %r" % (name, got)
        elif not matches(wanted, got):
            return "header %s is %r, not %r" % (name, got, wanted)
    return None


def _judge_body(row, answer):
    if row.xml is not None:
        return None if answer.body == row.xml.encode() else "body %s, not %r" % (shown(answer.body), row.xml)
    kind = row.answer_kind or (row.kind or "").split(";")[0].strip()
    if answer.body and answer.headers.get("content-type") != kind:
        return "Content-Type %r, not %r" % (answer.headers.get("content-type"), kind)
    try:
        value = answer.value()
    except (ValueError, KeyError, IndexError) as why:
        return "body does not decode: %s: %s" % (why, shown(answer.body))
    if row.exact is not None and value != row.exact:
        return "body %s, not %r" % (shown(answer.body), row.exact)
    if row.type is not None:
        complaint = _judge_error(row, value or {})
        if complaint:
            return complaint
    return row.check(value) if row.check else None


def _judge_error(row, value):
    types = row.type if isinstance(row.type, tuple) else (row.type,)
    if value.get("__type") not in types:
        return "__type %r (%r), not %s" % (value.get("__type"), value.get("message", value.get("Message")),
                                           " or ".join(types))
    key, other = ("Message", "message") if value["__type"] == SERIALIZATION else ("message", "Message")
    if row.message is ANY:
        return None
    if row.message is ABSENT:
        return "message must be absent, is %r" % value if set(value) != {"__type"} else None
    if other in value:
        return "the key is %r, not %r" % (other, key)
    if not matches(row.message, value.get(key)):
        return "%s %r, not %r" % (key, value.get(key), wanted_text(row.message))
    return None


def matches(wanted, got):
    if isinstance(wanted, tuple):
        return any(matches(item, got) for item in wanted)
    if got is None:
        return False
    return wanted.fullmatch(got) is not None if isinstance(wanted, re.Pattern) else wanted == got


def wanted_text(wanted):
    return wanted.pattern if isinstance(wanted, re.Pattern) else wanted


def shown(raw):
    return repr(raw[:300])
