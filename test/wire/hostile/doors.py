"""Who may ask, whose directory it is, and what an open server tells a page in somebody's browser."""
import signal

from house import House, attempt

FIX = ["--limits", "off"]


def told(house):
    """The sentence of the one line that says why it did not start."""
    lines = house.events("failed")
    return lines[0]["reason"] if len(lines) == 1 else "%d lines: %s" % (len(lines), house.text()[-500:])


def open_mode(folder):
    for address in ("0.0.0.0:0", "[::]:0"):
        status, text = attempt("serve", "--listen", address, "--data", folder / "open")
        yield "%s without credentials is refused, with status 2 and one line" % address, status == 2 and \
            text.count("\n") == 1 and "--credentials" in text and not (folder / "open").exists(), (status, text)
    with House(folder / "browser", *FIX, verified=False) as house:
        def asked(host=None, origin=None, method="POST"):
            with house.link() as one:
                head, body = one.request("ListStreams", {"Limit": 1}, unsigned={"Origin": origin} if origin else {})
                if host is not None:
                    head = head.replace(b"host: " + one.host.encode(), b"host: " + host.encode())
                one.send(head.replace(b"POST", method.encode(), 1) + body)
                return one.answer()
        port = house.url.rsplit(":", 1)[1]
        for host in ("127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port, "kinesis.localhost:" + port, "10.1.2.3"):
            got = asked(host)
            yield "open: Host %s is served" % host.split(":" + port)[0], got.status == 200, got
        for host in ("evil.example", "evil.example:" + port, "127.0.0.1.evil.example", "127.evil.example:" + port,
                     "localhost.evil.example", "[evil.example]", "1e3", ""):
            got = asked(host)
            yield "open: Host %r is not, because names can be bound anew" % host, got.status == 403, got
        for path in ("/health", "/metrics"):
            for host, status in (("evil.example", 403), ("localhost:" + port, 200), ("10.1.2.3", 200), ("", 403)):
                with house.link() as one:
                    one.send(("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (path, host)).encode())
                    got = one.answer()
                    yield "open: %s of Host %r gets %d" % (path, host.split(":")[0], status), got.status == status, got
        for origin, status in (("http://localhost:8080", 200), ("http://127.0.0.1", 200), ("https://evil.example", 403),
                               ("http://127.evil.example", 403), ("http://localhost.evil.example", 403), ("null", 403)):
            got = asked(origin=origin)
            cors = "access-control-allow-origin" in got.headers
            yield "open: Origin %s gets %d" % (origin, status), got.status == status and cors == (status == 200), got.headers
        got = asked(origin="https://evil.example", method="OPTIONS")
        yield "open: and no preflight", got.status == 403 and "access-control-allow-origin" not in got.headers, got.headers
        yield "open: it stops with status 0", house.stop() == 0, house.text()[-500:]


def directories(folder):
    with House(folder / "taken", *FIX) as house:
        second = House(folder / "second", *FIX, data=house.data)
        started = second.start()
        yield "a second server on the directory ends with status 1 and a sentence", not started and \
            second.process.wait() == 1 and "another server holds" in told(second), told(second)
        yield "and the first goes on", house.call("ListStreams", {"Limit": 1}).status == 200, house.text()[-500:]
        house.process.send_signal(signal.SIGKILL)
        house.process.wait()
        third = House(folder / "third", *FIX, data=house.data)
        yield "after SIGKILL the lock is free", third.start() and third.stop() == 0, third.text()[-500:]
    foreign = folder / "foreign" / "data"
    foreign.mkdir(parents=True)
    (foreign / "thesis.txt").write_text("years of work")
    house = House(folder / "foreign", *FIX)
    started = house.start()
    yield "a directory with other files is refused and left alone", not started and house.process.wait() == 1 and \
        [path.name for path in foreign.iterdir()] == ["thesis.txt"] and "--data" in told(house), told(house)
    for text, part in (("leat 2\n", "newer"), ("leat 99999999999999999999\n", "format"), ("", "format"), ("hello\n", "format"),
                       ("leat 1\nleat 1\n", "format")):
        house = House(folder / "format", *FIX)
        house.data.mkdir(exist_ok=True)
        (house.data / "format").write_text(text)
        started = house.start()
        if started:
            house.stop()
        yield "format %r: status 1, and a line that names the file" % text, not started and house.process.wait() == 1 and \
            part in told(house) and str(house.data) in told(house), told(house)
    house = House(folder / "file", *FIX)
    house.data.write_text("a file")
    yield "a file for a directory: status 1 and a line", not house.start() and house.process.wait() == 1 and \
        str(house.data) in told(house), told(house)


def wrong(house, part):
    """One line says which setting, which value, and what is allowed."""
    text = house.text()
    return text.count("\n") == 1 and 'credentials is "' in text and part in text and "allowed: " in text


def credentials(folder):
    for what, text in (("is no JSON", "{"), ("has a user without key", '{"users":[{"name":"a"}]}'), ("is empty", ""),
                       ("is deep", "[" * 100000), ("has bytes that are no text", b"\xff\xfe\x00")):
        house = House(folder / "credentials", *FIX)
        house.credentials().write_bytes(text if isinstance(text, bytes) else text.encode())
        started = house.start()
        if started:
            house.stop()
        yield "a credentials file that %s: status 2, and one line that names setting and file" % what, not started and \
            house.process.wait() == 2 and wrong(house, "credentials.json"), house.text()
    house = House(folder / "credentials", *FIX)
    (folder / "credentials" / "credentials.json").unlink()
    yield "one that is not there alike", not house.start() and house.process.wait() == 2 and \
        wrong(house, "no such file"), house.text()
    yield "and nothing was made", not house.data.exists(), ""


PARTS = [open_mode, directories, credentials]
