"""The credentials file while it changes; what policies of users and of resources allow; session tokens."""
import json
import os
import signal
import time

from botocore.exceptions import ClientError

from stage import ACCOUNT, active, read_all

OTHER = "210987654321"


def user(name, **more):
    return dict({"name": name, "accessKeyId": "AKIA" + name.upper(), "secretAccessKey": "secret-of-" + name,
                 "account": ACCOUNT}, **more)


def write(server, *users, text=None):
    file = server.folder / "credentials.json"
    beside = server.folder / "credentials.new"
    beside.write_text(json.dumps({"users": users}) if text is None else text)
    beside.chmod(0o600)
    os.replace(beside, file)
    return file


def signed_by(server, name, **more):
    return server.client("AKIA" + name.upper(), "secret-of-" + name, **more)


def allowed(call, **arguments):
    try:
        call(**arguments)
        return "allowed"
    except ClientError as why:
        return why.response["Error"]["Code"]


def until(wanted, call, seconds=4):
    """What `call` says at last, and after how long it said what is wanted."""
    end = time.time() + seconds
    while True:
        said = allowed(call)
        if said == wanted or time.time() > end:
            return said
        time.sleep(0.02)


def reload(x):
    server = x.server("users")
    file = write(server, user("old", administrator=True))
    server.settings += ["--credentials", str(file)]
    server.start()
    x.equal("the ready line says that signatures are checked", server.lines("ready")[0]["signatures"], "checked")
    old, new = signed_by(server, "old"), signed_by(server, "new")
    x.equal("a user of the file", allowed(old.list_streams), "allowed")
    text = x.refused("a user that is not there", "UnrecognizedClientException", new.list_streams)
    x.equal("the text", text, "The security token included in the request is invalid.")
    x.refused("a wrong secret", "InvalidSignatureException", server.client("AKIAOLD", "guess").list_streams)
    write(server, user("new", administrator=True), user("more", administrator=True))
    x.equal("a changed file is read by itself", until("allowed", new.list_streams), "allowed")
    x.refused("the former key is refused", "UnrecognizedClientException", old.list_streams)
    x.equal("it is logged with the number of users", server.wait_line("credentials_loaded", 2)["users"], 2)
    for what, text, place in (("JSON that breaks off", '{"users": [', ""),
                              ("an unknown key", '{"users": [{"accessKey": "A"}]}', "users[0]"),
                              ("a policy that does not parse",
                               json.dumps({"users": [user("a", policies=[{"Statement": {"Action": "kinesis:*"}}])]}),
                               "policies[0]")):
        before = len(server.lines("credentials_refused"))
        write(server, text=text)
        server.signal(signal.SIGHUP)
        line = server.wait_line("credentials_refused", before + 1, 2)
        x.check("%s: a warning that names file and place" % what,
                line and line["level"] == "warn" and "credentials.json" in line["reason"] and place in line["reason"], line)
        x.equal("%s: the former users stay" % what, allowed(new.list_streams), "allowed")
    before = len(server.lines("credentials_refused"))
    time.sleep(1.3)
    x.equal("a broken file is told of once", len(server.lines("credentials_refused")), before)
    os.unlink(file)
    server.signal(signal.SIGHUP)
    line = server.wait_line("credentials_refused", before + 1, 2)
    x.check("SIGHUP with no file there: a warning", line, "nothing was logged")
    x.equal("and the former users stay", allowed(new.list_streams), "allowed")
    write(server, user("old", administrator=True))
    began = time.time()
    server.signal(signal.SIGHUP)
    said = until("allowed", old.list_streams)
    x.check("SIGHUP reads it at once", said == "allowed" and time.time() - began < 0.6, (said, time.time() - began))
    x.refused("and the newer key is refused", "UnrecognizedClientException", new.list_streams)
    server.stop()
    write(server, text="{}}")
    said = x.leat("serve", "--listen", "127.0.0.1:0", "--data", server.data, "--credentials", file, code=2)
    x.check("a server does not start with a broken file", "credentials.json" in said, said)


def policies(x):
    server = x.server("policies", "--limits", "off", "--account", ACCOUNT, "--stream", "orders", "--stream", "other")
    orders = "arn:aws:kinesis:us-east-1:%s:stream/orders" % ACCOUNT
    statement = {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": orders}
    writer = user("writer", policies=[{"Version": "2012-10-17", "Statement": statement}])
    reads = {"Effect": "Allow", "Action": "kinesis:Get*", "Resource": "*"}
    stranger = user("stranger", account=OTHER, policies=[{"Version": "2012-10-17", "Statement": reads}])
    write(server, user("boss", administrator=True), writer, user("nobody"), stranger, user("chief", account=OTHER,
                                                                                          administrator=True))
    server.settings += ["--credentials", str(server.folder / "credentials.json")]
    server.start()
    w, boss = signed_by(server, "writer"), signed_by(server, "boss")
    record = {"Data": b"x", "PartitionKey": "k"}
    x.equal("a writer may put into his stream", allowed(w.put_record, StreamName="orders", **record), "allowed")
    text = x.refused("into no other", "AccessDeniedException", w.put_record, StreamName="other", **record)
    x.check("the text names user, action and resource",
            "arn:aws:iam::%s:user/writer" % ACCOUNT in text and "kinesis:PutRecord" in text and "stream/other" in text, text)
    x.refused("nor by PutRecords", "AccessDeniedException", w.put_records, StreamName="orders", Records=[record])
    x.refused("nor read", "AccessDeniedException", w.get_shard_iterator, StreamName="orders", ShardId="0",
              ShardIteratorType="LATEST")
    x.refused("nor list", "AccessDeniedException", w.list_streams)
    x.refused("a user without policies may do nothing", "AccessDeniedException", signed_by(server, "nobody").list_streams)
    x.equal("an administrator may", allowed(boss.list_streams), "allowed")

    s, chief = signed_by(server, "stranger"), signed_by(server, "chief")
    at = {"StreamARN": orders, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    x.refused("another account is denied", "AccessDeniedException", s.get_shard_iterator, **at)
    x.refused("its administrator too", "AccessDeniedException", chief.get_shard_iterator, **at)
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": OTHER}, "Resource": orders,
        "Action": ["kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStreamSummary"]}]}
    boss.put_resource_policy(ResourceARN=orders, Policy=json.dumps(policy))
    told = s.get_shard_iterator(**at)
    found = s.get_records(ShardIterator=told["ShardIterator"], StreamARN=orders)["Records"]
    x.equal("a resource policy opens it to another account", [one["Data"] for one in found], [b"x"])
    x.refused("both policies must allow: this user's does not", "AccessDeniedException", s.describe_stream_summary,
              StreamARN=orders)
    x.equal("its administrator's does", allowed(chief.describe_stream_summary, StreamARN=orders), "allowed")
    x.refused("what the resource does not allow", "AccessDeniedException", chief.put_record, StreamARN=orders, **record)
    boss.delete_resource_policy(ResourceARN=orders)
    x.refused("without the policy it is closed again", "AccessDeniedException", s.get_shard_iterator, **at)
    refused = [line for line in server.wait_line("request") and server.lines("request") if line.get("error")]
    x.check("the log holds the refused ones with who and what",
            any(line["error"] == "AccessDeniedException" and line["operation"] == "PutRecord"
                and line["principal"].endswith("user/writer") for line in refused), refused[:2])


def sessions(x):
    server = x.server("sessions", "--limits", "off")
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    write(server, user("guest", administrator=True, sessionToken="token-1", expiration=soon),
          user("lasting", administrator=True, sessionToken="token-2"))
    server.settings += ["--credentials", str(server.folder / "credentials.json")]
    server.start()
    guest = signed_by(server, "guest", token="token-1")
    x.equal("a session token", allowed(guest.list_streams), "allowed")
    x.refused("another token", "UnrecognizedClientException", signed_by(server, "guest", token="token-2").list_streams)
    x.refused("no token", "UnrecognizedClientException", signed_by(server, "guest").list_streams)
    x.equal("a token without an end", allowed(signed_by(server, "lasting", token="token-2").list_streams), "allowed")
    x.equal("a token ends in time", until("ExpiredTokenException", guest.list_streams, 5), "ExpiredTokenException")
    text = x.refused("it stays so", "ExpiredTokenException", guest.list_streams)
    x.equal("the text of an expired token", text, "The security token included in the request is expired")


SCRIPTS = (reload, policies, sessions)
