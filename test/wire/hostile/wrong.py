"""Wrong settings: status 2, and one line that names the setting, the value and what is allowed."""
from house import attempt

FLAGS = [
    ("tail-bytes", "1", "1MiB"), ("tail-bytes", "1XiB", "1MiB"), ("tail-bytes", "", "1MiB"), ("tail-bytes", "-5MiB", "1MiB"),
    ("tail-bytes", "9" * 40, "1TiB"), ("memory-bytes", "1MiB", "32MiB"), ("body-bytes", "17MiB", "16MiB"),
    ("queue-bytes", "1e9", "16GiB"), ("segment-bytes", "2GiB", "1GiB"), ("limits", "some", "aws|off"), ("tls", "on", "required"),
    ("durability", "sometimes", "sync|os|memory"), ("log-level", "loud", "debug"), ("metrics", "yes", "off|on"),
    ("idle-timeout", "5", "1s"), ("idle-timeout", "2d", "24h"), ("header-timeout", "1ms", "100ms"), ("transition", "-1s", "1h"),
    ("bucket", "0s", "1m"), ("connections-max", "0", "1000000"), ("connections-max", "1.5", "1000000"),
    ("connections-max", "9" * 23, "1000000"), ("shard-limit", "many", "1000000"), ("account", "12", "12 digits"),
    ("account", "1234567890ab", "12 digits"), ("region", "EU WEST", "us-east-1"), ("listen", "nowhere", "IP:PORT"),
    ("listen", "127.0.0.1:99999", "IP:PORT"), ("listen", "127.0.0.1", "IP:PORT"), ("stream", "a/b", "NAME"),
    ("stream", "a:0", "SHARDS"), ("stream", "a:-1", "SHARDS"), ("stream", "a:1:2", "SHARDS"), ("public-host", "a/b", "host"),
]


def one_line(text, *parts):
    return text.count("\n") == 1 and all(part in text for part in parts)


def flags(folder):
    for name, value, allowed in FLAGS:
        status, text = attempt("serve", "--data", folder / "wrong", "--" + name, value)
        yield "--%s %.20s: status 2 and one line" % (name, value), status == 2 and \
            one_line(text, name, '"%s"' % value, allowed), (status, text)
    for words, part in ((["--nonsense", "1"], "nonsense"), (["extra"], "extra"), (["--data"], "--data"),
                        (["--tls-key", "x"], "tls-cert"), (["--backlog-bytes", "64MiB"], "segment-bytes"),
                        (["--config", str(folder / "none")], "none")):
        status, text = attempt("serve", *words)
        yield "%s: status 2 and one line" % " ".join(words[:1]), status == 2 and one_line(text, part), (status, text)
    yield "and nothing was made", not (folder / "wrong").exists(), ""


def variables(folder):
    for name, value, allowed in FLAGS[::4]:
        variable = "LEAT_" + {"listen": "LISTEN", "stream": "STREAMS"}.get(name, name.upper().replace("-", "_"))
        status, text = attempt("serve", "--data", folder / "wrong", env={variable: value})
        yield "%s=%.20s: status 2 and one line" % (variable, value), status == 2 and one_line(text, variable, allowed), \
            (status, text)


def files(folder):
    path = folder / "wrong.conf"
    for number, (name, value, allowed) in enumerate(FLAGS[1::4]):
        path.write_text("# a comment\n" * number + "%s = %s\n" % (name, value))
        status, text = attempt("serve", "--data", folder / "wrong", "--config", path)
        yield "%s = %.20s in a file: status 2 and one line with its number" % (name, value), status == 2 and \
            one_line(text, name, allowed, "wrong.conf", str(number + 1)), (status, text)
    for what, text in (("no equal sign", b"tail-bytes 1MiB\n"), ("bytes that are no text", b"\xff\xfe = 1\n"),
                       ("an unknown key", b"nonsense = 1\n"), ("zero bytes", bytes(100)), ("a line of 1 MB", b"a" * 1000000)):
        path.write_bytes(text)
        status, told = attempt("serve", "--data", folder / "wrong", "--config", path)
        yield "a file with %s: status 2 and one line" % what, status == 2 and one_line(told, "wrong.conf"), (status, told)


PARTS = [flags, variables, files]
