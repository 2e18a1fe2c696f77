"""TLS on the same port: versions, every ALPN that clients offer, and none."""
import ssl

from h2link import H2
from link import Link


def context(ca, offers=None, version=None):
    made = ssl.create_default_context(cafile=ca)
    if offers:
        made.set_alpn_protocols(offers)
    if version:
        made.minimum_version = made.maximum_version = version
    return made


def http1(url, ca, _):
    for what, offers in (("without ALPN", None), ("with ALPN http/1.1", ["http/1.1"])):
        with Link(url, context(ca, offers)) as link:
            got = [link.call("ListStreams", {"Limit": 1}).status for _ in range(2)]
            chosen = link.socket.selected_alpn_protocol()
        yield "HTTP/1.1 " + what, got == [200, 200] and chosen == (offers and offers[0]), (got, chosen)


def http2(url, ca, stream):
    for what, offers, wanted in (("with ALPN h2", ["h2"], "h2"), ("with ALPN h2 and http/1.1", ["http/1.1", "h2"], "h2"),
                                 ("without ALPN, by its preface", None, None)):
        with H2(url, context(ca, offers)) as link:
            begun = [link.begin("DescribeStreamSummary", {"StreamName": stream}) for _ in range(20)]
            got = {link.end(number).status for number in begun}
            chosen = link.link.socket.selected_alpn_protocol()
        yield "HTTP/2 " + what, got == {200} and chosen == wanted, (got, chosen)


def versions(url, ca, _):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with Link(url, context(ca, None, version)) as link:
            got = link.call("ListStreams", {"Limit": 1})
            yield "%s is spoken" % version.name, got.status == 200, got
    try:
        old = context(ca, None, ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with Link(url, old):
            yield "TLS 1.1 is refused", False, "it was accepted"
    except (ssl.SSLError, OSError):
        yield "TLS 1.1 is refused", True, ""


def strangers(url, ca, _):
    try:
        with Link(url, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)):
            yield "who does not know the CA does not connect", False, "it was trusted"
    except ssl.SSLCertVerificationError:
        yield "who does not know the CA does not connect", True, ""
    with Link(url, context(ca)) as link:
        got = link.call("ListStreams", {"Limit": 1})
    yield "the next client is served", got.status == 200, got


def large(url, ca, _):
    with Link(url, context(ca)) as link:
        got = link.call("ListStreams", body=b'{"Limit":1}' + b" " * ((16 << 20) - 11))
    yield "16 MiB over TLS", got.status == 200, got


PARTS = [http1, http2, versions, strangers, large]
