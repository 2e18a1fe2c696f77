"""Envelope and authentication: what is decided before the operation is looked at (recorded order of checks)."""
import re

from http_raw import CBOR, JSON
from table import ABSENT, Row, SERIALIZATION

UNKNOWN = "UnknownOperationException"
DENIED = ("<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n"
          "</AccessDeniedException>\n")
EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"
MISSING = "Missing Authentication Token"
BOTH = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
HEADER_PARTS = ("Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
                "parameter. Authorization header requires 'SignedHeaders' parameter. ")
HEADER_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
QUERY = "AWS query-string parameters must include '%s'. "
REEXAMINE = "Re-examine the query-string parameters."
QUERY_ALL = "".join(QUERY % ("X-Amz-" + part)
                    for part in ("Algorithm", "Credential", "Signature", "SignedHeaders", "Date")) + REEXAMINE
MISMATCH = ("The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.")
STAMP = r"\d{8}T\d{6}Z"


def xml_error(name, text):
    return "<%s>\n  <Message>%s</Message>\n</%s>\n" % (name, text, name)


def rows(x):
    return methods(x) + cors(x) + empty_bodies(x) + content_types(x) + parsing(x) + targets(x) + sizes(x) + success(x) \
        + authentication(x) + verification(x)


def methods(x):
    out = [Row("%s is refused in XML" % method, None, method=method, kind=None, status=403, xml=DENIED)
           for method in ("GET", "PUT", "DELETE", "PATCH")]
    out.append(Row("OPTIONS without Origin is refused in XML", None,
               method="OPTIONS", kind=None, status=403, xml=DENIED))
    out.append(Row("GET with a valid target is refused all the same",
               "ListStreams", method="GET", status=403, xml=DENIED))
    out.append(Row("GET of another path is refused alike", None, method="GET", path="/streams/x", kind=None, status=403,
                   xml=DENIED))
    return out


def cors(x):
    origin = {"Origin": "http://127.0.0.1:8080"}
    silent = {"access-control-allow-origin": x.cors_origin, "access-control-max-age": "172800", "x-amz-id-2": ABSENT,
              "content-length": "0"}
    asked = dict(origin, **{"Access-Control-Request-Headers": "a, b, c", "Access-Control-Request-Method": "POST"})
    echoed = dict(silent, **{"access-control-allow-headers": "a, b, c", "access-control-allow-methods": "POST"})
    exposed = {"access-control-allow-origin": x.cors_origin, "access-control-expose-headers": EXPOSED}
    return [
        Row("OPTIONS with Origin answers the preflight", None, method="OPTIONS", kind=None, headers=origin, status=200,
            xml="", reply=silent, sign=False),
        Row("a preflight echoes the requested headers and method", None, method="OPTIONS", kind=None, headers=asked,
            status=200, xml="", reply=echoed, sign=False),
        Row("a preflight needs no target and bears one", "ListStreams", method="OPTIONS", headers=asked, status=200, xml="",
            reply=echoed, sign=False),
        Row("a POST with Origin carries the exposed headers",
            "ListStreams", {"Limit": 1}, headers=origin, reply=exposed),
        Row("an error with Origin carries the exposed headers", "DescribeStreamSummary", {"StreamName": x.missing},
            "ResourceNotFoundException", headers=origin, reply=exposed),
        Row("a GET with Origin carries them too", None, method="GET", kind=None, headers=origin, status=403, xml=DENIED,
            reply=exposed),
        Row("without Origin there are no CORS headers", "ListStreams", {"Limit": 1},
            reply={"access-control-allow-origin": ABSENT, "access-control-expose-headers": ABSENT}),
    ]


def empty_bodies(x):
    def empty(name, target, kind, type, answer_kind, sign=True):
        return Row("empty body, " + name, None, None, type, ABSENT, target=target, kind=kind, answer_kind=answer_kind,
                   sign=sign)
    valid = "Kinesis_20131202.ListStreams"
    out = [
        empty("no type, no target: CBOR", None, None, UNKNOWN, CBOR),
        empty("no type, no target, unsigned: CBOR", None, None, UNKNOWN, CBOR, sign=False),
        empty("no type, valid target: CBOR", valid, None, SERIALIZATION, CBOR),
        empty("CBOR, valid target", valid, CBOR, SERIALIZATION, CBOR),
        empty("CBOR, no target", None, CBOR, UNKNOWN, CBOR),
        empty("JSON 1.1, valid target", valid, JSON, SERIALIZATION, JSON),
        empty("JSON 1.1, valid target, unsigned", valid, JSON, SERIALIZATION, JSON, sign=False),
        empty("JSON 1.1, no target", None, JSON, UNKNOWN, JSON),
        empty("JSON 1.1, no target, unsigned", None, JSON, UNKNOWN, JSON, sign=False),
        empty("JSON 1.0, no target: CBOR", None, "application/x-amz-json-1.0", UNKNOWN, CBOR),
        empty("misspelt type, no target: CBOR", None, JSON + "asdf", UNKNOWN, CBOR),
        empty("plain JSON, no target: CBOR", None, "application/json", UNKNOWN, CBOR),
        empty("plain JSON, valid target: CBOR", valid, "application/json", SERIALIZATION, CBOR),
    ]
    for target in ("Whatever", "Kinesis_20131202.", "Kinesis_20131202.Whatever", "Whatever.Whatever",
                   "Kinesis_20131202.ListStream"):
        out.append(empty("no type, target %s: CBOR" % target, target, None, UNKNOWN, CBOR))
    return out


def content_types(x):
    valid = "Kinesis_20131202.ListStreams"
    old = "com.amazon.coral.service#"
    out = [
        Row("a body without type and target is refused in XML", None, b"{}", kind=None, status=403, xml=DENIED),
        Row("a body of an unknown type without target is refused in XML", None, b"{}", kind="text/plain", status=403,
            xml=DENIED),
        Row("a body of an unknown type with a valid target", None, b"{}", target=valid, kind="text/plain", status=404,
            xml="<UnknownOperationException/>\n"),
        Row("JSON 1.0 is an unknown type", None, b"{}", target=valid, kind="application/x-amz-json-1.0", status=404,
            xml="<UnknownOperationException/>\n"),
        Row("unknown type, unknown operation of this service", None, b"{}", target="Kinesis_20131202.Whatever",
            kind="text/plain", status=500, xml="<InternalFailure/>\n"),
        Row("unknown type, unknown service", None, b"{}", target="Whatever.ListStreams", kind="text/plain", status=403,
            xml=xml_error("UnrecognizedClientException",
                          "No authorization strategy was found for service: Whatever, operation: ListStreams")),
        Row("plain JSON is answered in the old envelope", None, b"{}", target=valid, kind="application/json", status=404,
            exact={"Output": {"__type": old + UNKNOWN}, "Version": "1.0"}),
        Row("plain JSON, unsigned, alike", None, b"{}", target=valid, kind="application/json", status=404, sign=False,
            exact={"Output": {"__type": old + UNKNOWN}, "Version": "1.0"}),
        Row("plain JSON that does not parse", None, b"hello", target=valid, kind="application/json", status=400,
            exact={"Output": {"__type": old + SERIALIZATION}, "Version": "1.0"}),
        Row("plain JSON with spaces and a semicolon", None, b"hello", target=valid, kind="    application/json     ;",
            answer_kind="application/json", status=400,
            exact={"Output": {"__type": old + SERIALIZATION}, "Version": "1.0"}),
    ]
    unsigned = [("no authentication, unknown type: XML", "/", {}, "MissingAuthenticationTokenException", MISSING),
                ("both signatures, unknown type: XML", "/?X-Amz-Algorithm", {"Authorization": "a"},
                 "InvalidSignatureException", BOTH),
                ("incomplete header, unknown type: XML", "/", {"Authorization": "a"}, "IncompleteSignatureException",
                 HEADER_PARTS + HEADER_DATE + "Authorization=a"),
                ("incomplete query, unknown type: XML", "/?X-Amz-Algorithm", {}, "IncompleteSignatureException", QUERY_ALL)]
    for name, path, headers, type, text in unsigned:
        out.append(Row(name, None, b"{}", target=valid, kind="text/plain", path=path, headers=headers, sign=False,
                       status=403, xml=xml_error(type, text)))
    return out


def parsing(x):
    out = []
    for name, body in (("a word", b"hello"), ("a number", b"12"), ("a string", b'"a"'), ("true", b"true"), ("null", b"null"),
                       ("half an object", b'{"Limit":1'), ("two objects",
                        b"{}{}"), ("a trailing comma", b'{"Limit":1,}'),
                       ("a single quote", b"{'Limit':1}"), ("broken UTF-8", b'{"StreamName":"\xff\xfe"')):
        out.append(Row("JSON that is %s does not parse" % name, "ListStreams", body, SERIALIZATION, ABSENT))
    out.append(Row("what does not parse is told before missing authentication", "ListStreams", b"hello", SERIALIZATION,
                   ABSENT, sign=False))
    out.append(Row("what does not parse is told before an unknown target", "Whatever", b"hello", SERIALIZATION, ABSENT))
    for name, body in (("cut short", b"\xbf\x65Lim"), ("a text string", b"\x61a"), ("a number", b"\x18\x20"),
                       ("null", b"\xf6"), ("a lone break", b"\xff"), ("a reserved head", b"\xbc\x00")):
        out.append(Row("CBOR that is %s does not parse" % name, "ListStreams", body, SERIALIZATION, ABSENT, kind=CBOR))
    out += [
        Row("type parameters after a semicolon are ignored", "ListStreams", {"Limit": 1}, kind=JSON + "; charset=utf-8",
            answer_kind=JSON),
        Row("spaces around the type are ignored", "ListStreams", b"{}", "MissingAuthenticationTokenException", MISSING,
            kind="   application/x-amz-json-1.1   ;whatever", answer_kind=JSON, sign=False),
        Row("the path is ignored", "ListStreams", {"Limit": 1}, path="/whatever"),
        Row("white space around the object is accepted", "ListStreams", b' \r\n\t{ "Limit" : 1 }\n '),
        Row("a gzip body is unpacked", "ListStreams", {"Limit": 1}, gzip=True),
        Row("a gzip body is checked like any other", "DescribeStreamSummary", {"StreamName": x.missing},
            "ResourceNotFoundException", "Stream %s under account %s not found." % (x.missing, x.account), gzip=True),
    ]
    return out


def targets(x):
    out = [Row("target %r is unknown" % target, None, b"{}", UNKNOWN, ABSENT, target=target)
           for target in ("Whatever", "Kinesis_20131202", "Kinesis_20131202.", "Kinesis_20131202.Whatever",
                          "Whatever.ListStreams", "Kinesis_20131202.ListStream", "Kinesis_20131202.listStreams",
                          "Kinesis_20131201.ListStreams")]
    out += [Row("no target, JSON", None, b"{}", UNKNOWN, ABSENT),
            Row("no target, JSON, unsigned", None, b"{}", UNKNOWN, ABSENT, sign=False),
            Row("no target, CBOR", None, {}, UNKNOWN, ABSENT, kind=CBOR),
            Row("an unknown target, CBOR", "Whatever", {}, UNKNOWN, ABSENT, kind=CBOR),
            Row("an unknown target is told before missing authentication", "Whatever", b"{}", UNKNOWN, ABSENT, sign=False)]
    return out


def sizes(x):
    huge = b'{"StreamName":"' + b"a" * x.oversize + b'"}'
    return [
        Row("a body of %d MiB is refused with 413 and no body" % (x.oversize >> 20), "DescribeStreamSummary", huge,
            status=413, xml="", sign=False),
        Row("a body of 14 MiB is not", "ListStreams", b'{"Unknown":"' + b"a" * (14 << 20) + b'","Limit":1}'),
    ]


def success(x):
    def empty(name, op, body, kind):
        return Row(name, op, body, kind=kind, xml="", reply={"content-length": "0"})
    return [
        empty("an operation without output answers an empty body, JSON", "AddTagsToStream",
              {"StreamName": x.S, "Tags": {"wire": "1"}}, JSON),
        empty("an operation without output answers an empty body, CBOR", "RemoveTagsFromStream",
              {"StreamName": x.S, "TagKeys": ["wire"]}, CBOR),
        Row("a JSON answer has no white space between its tokens", "PutRecords",
            {"StreamName": x.S, "Records": [{"Data": "YQ==", "PartitionKey": "a"}]},
            check=lambda value: None if value.get("FailedRecordCount") == 0 else "FailedRecordCount %r" % value),
        Row("CBOR of indefinite length is read", "DescribeStreamSummary", {"StreamName": x.S}, kind=CBOR, streamed=True,
            check=lambda value: None if value["StreamDescriptionSummary"]["StreamName"] == x.S else repr(value)),
        Row("CBOR timestamps are integers of milliseconds", "DescribeStreamSummary", {"StreamName": x.S}, kind=CBOR,
            check=cbor_time),
        Row("JSON timestamps are numbers of seconds", "DescribeStreamSummary", {"StreamName": x.S}, check=json_time),
        Row("unknown members are ignored and null is absent", "DescribeStreamSummary",
            {"StreamName": x.S, "StreamARN": None, "Whatever": {"a": [1]}}),
    ]


def cbor_time(value):
    made = value["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    return None if isinstance(made, int) and made > 10 ** 12 else "StreamCreationTimestamp %r" % made


def json_time(value):
    made = value["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    return None if isinstance(made, (int, float)) and 10 ** 9 < made < 10 ** 11 else "StreamCreationTimestamp %r" % made


def authentication(x):
    date = {"Date": "a"}
    incomplete = "IncompleteSignatureException"

    def header(name, value, missing, extra=None):
        return Row(name, "ListStreams", b"{}", incomplete, missing + "Authorization=" + value,
                   headers=dict({"Authorization": value}, **(extra or {})), sign=False)

    def query(name, path, type, text):
        return Row(name, "ListStreams", b"{}", type, text, path=path, sign=False)
    return [
        Row("no authentication at all", "ListStreams", b"{}", "MissingAuthenticationTokenException", MISSING, sign=False),
        Row("no authentication at all, CBOR", "ListStreams", {}, "MissingAuthenticationTokenException", MISSING, sign=False,
            kind=CBOR),
        Row("authentication comes before types", "ListStreams", {"Limit": "a"}, "MissingAuthenticationTokenException",
            MISSING, sign=False),
        Row("authentication comes before constraints", "DescribeStream", {"StreamName": ""},
            "MissingAuthenticationTokenException", MISSING, sign=False),
        Row("authentication comes before the stream", "DescribeStreamSummary", {"StreamName": x.missing},
            "MissingAuthenticationTokenException", MISSING, sign=False),
        header("a header without any part", "X", HEADER_PARTS + HEADER_DATE),
        header("a header without any part, with Date", "X", HEADER_PARTS, date),
        header("a header without SignedHeaders, by spaces", "AWS4- Signature=b Credential=a",
               "Authorization header requires 'SignedHeaders' parameter. ", date),
        header("a header without SignedHeaders, by commas", "AWS4- Signature=b,Credential=a",
               "Authorization header requires 'SignedHeaders' parameter. ", date),
        header("a header without SignedHeaders, by both", "AWS4- Signature=b, Credential=a",
               "Authorization header requires 'SignedHeaders' parameter. ", date),
        header("a header without Signature", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host",
               "Authorization header requires 'Signature' parameter. ", date),
        header("a header without Credential", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=b",
               "Authorization header requires 'Credential' parameter. ", date),
        header("a header without Date", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=b", HEADER_DATE),
        Row("a misspelt query does not hide the header", "ListStreams", b"{}", incomplete,
            HEADER_PARTS + HEADER_DATE + "Authorization=X", path="/?X-Amz-Algorith", headers={"Authorization": "X"},
            sign=False),
        Row("both signatures", "ListStreams", b"{}", "InvalidSignatureException", BOTH, path="/?X-Amz-Algorithm",
            headers={"Authorization": "X"}, sign=False),
        query("a query of everything but the algorithm",
              "/?X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-SignedHeaders=c&X-Amz-Date=d",
              "MissingAuthenticationTokenException", MISSING),
        query("an empty X-Amz-Algorithm", "/?X-Amz-Algorithm", incomplete, QUERY_ALL),
        query("a query without SignedHeaders", "/?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-Date=d",
              incomplete, QUERY % "X-Amz-SignedHeaders" + REEXAMINE),
        query("a query without Date and Credential", "/?X-Amz-Algorithm=a&X-Amz-SignedHeaders=b&X-Amz-Signature=c",
              incomplete, QUERY % "X-Amz-Credential" + QUERY % "X-Amz-Date" + REEXAMINE),
    ]


def verification(x):
    """Seen from the service by its clients; they need a server that knows credentials."""
    invalid = "InvalidSignatureException"
    expired = re.compile(r"Signature expired: %s is now earlier than %s \(%s - 5 min\.\)" % (STAMP, STAMP, STAMP))
    early = re.compile(r"Signature not yet current: %s is still later than %s \(%s \+ 5 min\.\)" %
                       (STAMP, STAMP, STAMP))
    return [
        Row("an unknown access key", "ListStreams", {}, "UnrecognizedClientException",
            "The security token included in the request is invalid.", sign={"key": "AKIDUNKNOWN0000000000"}, verified=True),
        Row("a wrong secret", "ListStreams", {}, invalid, MISMATCH, sign={"secret": "wrong"}, verified=True),
        Row("a wrong secret, CBOR", "ListStreams", {}, invalid, MISMATCH, sign={"secret": "wrong"}, kind=CBOR,
            verified=True),
        Row("a wrong secret is told before types", "ListStreams", {"Limit": "a"}, invalid, MISMATCH,
            sign={"secret": "wrong"}, verified=True),
        Row("a wrong secret is told before the stream", "DescribeStreamSummary", {"StreamName": x.missing}, invalid, MISMATCH,
            sign={"secret": "wrong"}, verified=True),
        Row("a signature of ten minutes ago", "ListStreams", {}, invalid, expired, sign={"skew": -600}, verified=True),
        Row("a signature of ten minutes ahead", "ListStreams", {}, invalid, early, sign={"skew": 600}, verified=True),
        Row("a signature of two minutes ago is accepted", "ListStreams",
            {"Limit": 1}, sign={"skew": -120}, verified=True),
        Row("a signature of two minutes ahead is accepted", "ListStreams",
            {"Limit": 1}, sign={"skew": 120}, verified=True),
        Row("a changed body", "ListStreams", {"Limit": 1}, invalid, MISMATCH, verified=True,
            sign={"secret": "another secret of nobody"}),
    ]
