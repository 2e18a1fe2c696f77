"""Signature Version 4 for one kind of request: POST / to Data Streams."""
import datetime
import hashlib
import hmac
import os

REGION = os.environ.get("AWS_REGION") or "us-east-1"
JSON = "application/x-amz-json-1.1"


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed(operation, body, host, more=None):
    """The headers of a call; `body` is what travels, in whatever encoding. `host` may be None for HTTP/2's :authority."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": host, "content-type": JSON, "x-amz-date": now, "x-amz-target": "Kinesis_20131202." + operation}
    headers.update(more or {})
    names = ";".join(sorted(headers))
    lines = "".join("%s:%s\n" % (name, headers[name]) for name in sorted(headers))
    request = "\n".join(["POST", "/", "", lines, names, hashlib.sha256(body).hexdigest()])
    scope = "%s/%s/kinesis/aws4_request" % (now[:8], REGION)
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + os.environ.get("AWS_SECRET_ACCESS_KEY", "test")).encode()
    for part in scope.split("/"):
        key = mac(key, part)
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        os.environ.get("AWS_ACCESS_KEY_ID", "test"), scope, names, mac(key, text).hex())
    return headers
