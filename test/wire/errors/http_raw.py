"""Requests as raw as the table needs them: any method, header and body, signed by botocore's own signer or not at all."""
import datetime
import gzip
import http.client
import json
import os
import re
import time
import urllib.parse
from unittest import mock

import botocore.auth
import botocore.awsrequest
import botocore.credentials

import cbor

JSON = "application/x-amz-json-1.1"
CBOR = "application/x-amz-cbor-1.1"
PREFIX = "Kinesis_20131202."


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def value(self):
        """The decoded body, by the answer's own content type; None when there is nothing to decode."""
        kind = self.headers.get("content-type", "")
        if not self.body:
            return None
        if kind == CBOR:
            return cbor.decode(self.body)
        if "json" in kind:
            return json.loads(self.body)
        return None


class Wire:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.address = urllib.parse.urlsplit(endpoint)
        self.region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        self.key = os.environ.get("AWS_ACCESS_KEY_ID", "test")
        self.secret = os.environ.get("AWS_SECRET_ACCESS_KEY", "test")
        self.token = os.environ.get("AWS_SESSION_TOKEN")
        self.link = None

    def signed(self, method, path, headers, body, key=None, secret=None, skew=0):
        """Headers of the request with a genuine signature; `skew` moves the signer's clock by so many seconds."""
        request = botocore.awsrequest.AWSRequest(method=method, url=self.endpoint + path, headers=headers, data=body)
        credentials = botocore.credentials.Credentials(key or self.key, secret or self.secret, self.token)
        signer = botocore.auth.SigV4Auth(credentials, "kinesis", self.region)
        moment = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(seconds=skew)
        clock = "get_current_datetime" if hasattr(botocore.auth, "get_current_datetime") else None
        if clock and skew:
            with mock.patch.object(botocore.auth, clock, lambda *a, **k: moment):
                signer.add_auth(request)
        else:
            signer.add_auth(request)
        return dict(request.headers.items())

    def send(self, method, path, headers, body):
        """One exchange, repeated while the server says that the rate of calls is exceeded: that is never what is tested."""
        for _ in range(20):
            answer = self._send(method, path, headers, body)
            if answer.status != 400 or b"Rate exceeded" not in answer.body:
                break
            time.sleep(0.3)
        return answer

    def _send(self, method, path, headers, body):
        """The connection is kept, and opened again when the server has closed it."""
        for attempt in (0, 1):
            if self.link is None:
                self.link = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=30)
            try:
                return self._exchange(method, path, headers, body)
            except (http.client.HTTPException, OSError):
                self.close()
                if attempt:
                    raise

    def close(self):
        if self.link:
            self.link.close()
        self.link = None

    def _exchange(self, method, path, headers, body):
        self.link.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            self.link.putheader(name, value)
        if body or method in ("POST", "PUT"):
            self.link.putheader("Content-Length", str(len(body)))
        try:
            self.link.endheaders()
            if body:
                self.link.send(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # an oversized body may be refused before all of it was sent: the answer decides
        reply = self.link.getresponse()
        data = reply.read()
        answer = Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, data)
        if reply.will_close or reply.status == 413:
            self.close()
        return answer

    def call(self, operation, body, content_type=JSON):
        """A well-formed, signed call: for setting the stage, and for the calls that must succeed."""
        raw = cbor.encode(body) if content_type == CBOR else json.dumps(body).encode()
        headers = {"Content-Type": content_type, "X-Amz-Target": PREFIX + operation}
        return self.send("POST", "/", self.signed("POST", "/", headers, raw), raw)


def gzipped(raw):
    return gzip.compress(raw)


def is_uuid(text):
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text or "") is not None
