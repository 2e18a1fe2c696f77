"""leat keys and disabled keys; leat ca and verified TLS."""
import json
import socket
import ssl
import urllib.request

from stage import active, read_all


def keys(x):
    server = x.server("vault", "--limits", "off", "--stream", "one")

    def key(*verb, code=0):
        return x.leat("keys", *verb, "--data", server.data, code=code)
    server.start().stop()
    made = key("new").split()[0]
    x.check("keys new names an ARN of the server's account", made.startswith("arn:aws:kms:us-east-1:000000000000:key/"), made)
    key("alias", made, "alias/clicks")
    row = [json.loads(line) for line in key("list", "--json").splitlines()]
    x.equal("keys list --json", [(one["arn"], one["state"]) for one in row], [(made, "enabled")])
    x.check("keys list tells the same to people", made in key("list") and "enabled" in key("list"))
    x.check("keys of a wrong verb", "keys --help" in key("destroy", code=2))
    x.check("keys disable of no key", "nobody" in key("disable", "alias/nobody", code=1))
    x.check("an alias that is none", "clicks" in key("alias", made, "clicks", code=1))

    server.start()
    k = server.client()
    said = key("disable", "alias/clicks", code=1)
    x.check("a running server's store is not changed", "stop it first" in said, said)
    x.check("but listed", made in key("list"))
    k.start_stream_encryption(StreamName="one", EncryptionType="KMS", KeyId="alias/clicks")
    active(k, "one")
    for n in range(20):
        k.put_record(StreamName="one", Data=b"secret-%04d" % n, PartitionKey="k")
    iterator = k.get_shard_iterator(StreamName="one", ShardId="0", ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    server.stop()
    on_disk = b"".join(path.read_bytes() for path in server.data.iterdir() if path.is_file())
    x.check("what is encrypted is not on disk in the clear", b"secret-0007" not in on_disk)
    x.check("keys disable says the state", "disabled" in key("disable", "alias/clicks"))
    server.start()
    k = server.client()
    text = x.refused("a disabled key refuses a put", "KMSDisabledException", k.put_record, StreamName="one", Data=b"x",
                     PartitionKey="k")
    x.check("and says which", made in text and "disabled" in text.lower(), text)
    x.refused("a disabled key refuses a read", "KMSDisabledException", k.get_records, ShardIterator=iterator)
    x.refused("a disabled key refuses PutRecords", "KMSDisabledException", k.put_records, StreamName="one",
              Records=[{"Data": b"x", "PartitionKey": "k"}])
    server.stop()
    x.check("keys enable says the state", "enabled" in key("enable", made))
    server.start()
    k = server.client()
    x.equal("what it encrypted is readable again", sorted(read_all(k, "one").values()),
            [b"secret-%04d" % n for n in range(20)])
    x.refused("a key that is not there", "KMSNotFoundException", k.start_stream_encryption, StreamName="one",
              EncryptionType="KMS", KeyId="alias/nobody")
    server.stop()
    x.check("schedule-deletion tells the day", "deletion" in key("schedule-deletion", made, "--days", "7"))
    server.start()
    x.refused("a key that waits for deletion", "KMSInvalidStateException", server.client().put_record, StreamName="one",
              Data=b"x", PartitionKey="k")


def lost(x):
    """A data directory without its vault.json starts, serves what is not encrypted, and says what it cannot serve."""
    server = x.server("lost", "--limits", "off", "--kms-create-missing", "--stream", "one", "--stream", "two").start()
    k = server.client()
    k.start_stream_encryption(StreamName="one", EncryptionType="KMS", KeyId="alias/clicks")
    active(k, "one")
    k.put_record(StreamName="one", Data=b"secret", PartitionKey="k")
    server.stop()
    server.start()
    server.stop()
    x.equal("a start with its keys says nothing of them", server.lines("keys_missing"), [])
    (server.data / "vault.json").unlink()
    server.start()
    line = server.wait_line("keys_missing")
    x.equal("a vault that is lost is an error of the log that names the streams",
            line and (line["level"], line["streams"], line["names"]), ("error", 1, "one"))
    k = server.client()
    k.put_record(StreamName="two", Data=b"open", PartitionKey="k")
    x.refused("and a put of theirs is refused", "KMSNotFoundException", k.put_record, StreamName="one", Data=b"x",
              PartitionKey="k")


def tls(x):
    server = x.server("tls", "--public-host", "leat.example")
    said = x.leat("ca", "--data", server.data, code=1)
    x.check("leat ca before the first start", "--tls-cert" in said, said)
    server.start()
    pem = x.leat("ca", "--data", server.data)
    host, port = server.address.rsplit(":", 1)

    def connect(name, context):
        with socket.create_connection((host, int(port)), timeout=5) as plain:
            with context.wrap_socket(plain, server_hostname=name) as made:
                return made.version(), made.getpeercert()
    trusting = ssl.create_default_context(cadata=pem)
    for name in ("127.0.0.1", "localhost", "leat.example"):
        x.equal("leat ca verifies https://%s" % name, connect(name, trusting)[0], "TLSv1.3")
    for what, name, context in (("another name", "elsewhere.example", trusting),
                                ("a client that trusts the world's CAs only", "localhost", ssl.create_default_context())):
        try:
            connect(name, context)
            x.check("%s is refused" % what, False, "it was verified")
        except ssl.SSLCertVerificationError:
            x.check("%s is refused" % what, True)
    with urllib.request.urlopen("https://%s/health" % server.address, context=trusting, timeout=5) as answer:
        x.equal("/health over verified TLS", answer.status, 200)
    (server.folder / "ca.pem").write_text(pem)
    env = {"AWS_ENDPOINT_URL": "https://" + server.address}
    server.client().create_stream(StreamName="one", ShardCount=1)
    active(server.client(), "one")
    x.leat("put", "one", "--ca", server.folder / "ca.pem", input=b"a line\n", env=env)
    said = x.leat("tail", "one", env=dict(env, AWS_CA_BUNDLE=str(server.folder / "ca.pem")))
    x.equal("put --ca and tail with AWS_CA_BUNDLE over TLS", said, "a line\n")
    said = x.leat("tail", "one", env=env, code=1)
    x.check("leat tail without the CA is refused", "certificate" in said.lower(), said)
    first = connect("localhost", trusting)[1]["serialNumber"]
    server.stop()
    server.start()
    host, port = server.address.rsplit(":", 1)
    x.equal("the CA outlives a restart", x.leat("ca", "--data", server.data), pem)
    x.check("and verifies what is served then", connect("localhost", trusting)[1]["serialNumber"] and first)


SCRIPTS = (keys, lost, tls)
