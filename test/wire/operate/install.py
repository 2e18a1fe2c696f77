"""make install, the systemd unit and the manual page."""
import os
import shutil
import signal
import socket
import subprocess

from stage import LEAT, ROOT, clean


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, cwd=ROOT,
                          env=clean({"MANWIDTH": "100", "LC_ALL": "C.UTF-8"}))
    return done.returncode, done.stdout, done.stderr


def installed(x):
    """The rule itself, with the program under test in the place of the one that `make` would build."""
    to = x.folder / "root"
    build = x.folder / "build"
    build.mkdir()
    shutil.copy(LEAT, build / "leat")
    rule = (ROOT / "Makefile").read_text().replace("build/leat", str(build / "leat"))
    (x.folder / "Makefile").write_text(rule)
    code, _, said = run("make", "-f", x.folder / "Makefile", "-o", "all", "install", "DESTDIR=%s" % to, "PREFIX=/opt/leat")
    x.equal("make install", (code, said), (0, ""))
    program, unit, page = (to / "opt/leat" / part for part in
                           ("bin/leat", "lib/systemd/system/leat.service", "share/man/man1/leat.1"))
    x.equal("what is installed, with its modes", [oct(os.stat(file).st_mode & 0o777) for file in (program, unit, page)],
            ["0o755", "0o644", "0o644"])
    x.equal("the program runs", run(program, "version")[0], 0)
    x.check("the unit starts what was installed", "ExecStart=/opt/leat/bin/leat serve" in unit.read_text())
    if shutil.which("systemd-analyze"):
        checked = x.folder / "leat.service"
        checked.write_text(unit.read_text().replace("/opt/leat/bin/leat", str(program)))
        code, said, more = run("systemd-analyze", "verify", "--man=no", checked)
        said = "\n".join(line for line in (said + more).splitlines() if "leat.service" in line)
        x.equal("systemd-analyze verify", said, "")
    if shutil.which("man"):
        code, said, more = run("man", "--warnings", "-l", page)
        x.equal("the manual page has no warnings", (code, more), (0, ""))
        x.check("and all commands and settings", all(word in said for word in ("leat serve", "leat put", "leat keys",
                                                                            "--tail-bytes", "LEAT_TAIL_BYTES")))


def manager(x):
    """A service manager that listens is told when the server is ready and when it begins to stop."""
    path = str(x.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.settimeout(10)
        server = x.server("managed", env={"NOTIFY_SOCKET": path}).start()
        x.equal("READY=1", listener.recv(100), b"READY=1")
        server.signal(signal.SIGTERM)
        x.equal("STOPPING=1", listener.recv(100), b"STOPPING=1")
        x.equal("then it ends", server.end(), 0)
    server = x.server("unmanaged", env={"NOTIFY_SOCKET": "/nowhere/at/all"}).start()
    x.equal("a manager that does not listen hurts nobody", server.stop(), 0)


def help_pages(x):
    for command in ("serve", "put", "tail", "show", "backup", "ca", "keys"):
        code, said, more = run(LEAT, command, "--help")
        x.check("leat %s --help is worth reading" % command, code == 0 and not more and len(said) > 300
                and "Examples" in said, (code, more))
        x.check("its lines fit a terminal: %s" % command, max(map(len, said.splitlines())) <= 110)
    for topic in ("config", "events"):
        code, said, more = run(LEAT, "help", topic)
        x.check("leat help %s" % topic, code == 0 and len(said) > 1000, (code, more))
    file = x.folder / "printed.conf"
    file.write_text(run(LEAT, "help", "config")[1].replace("#limits = aws", "limits = off"))
    server = x.server("printed", "--config", str(file)).start()
    x.equal("the printed configuration file is one that is taken", server.lines("ready")[0]["limits"], "off")
    x.check("leat alone lists its commands", "serve" in run(LEAT)[1])
    code, _, more = run(LEAT, "sevre")
    x.check("a command that is none", code == 2 and "sevre" in more, more)


SCRIPTS = (installed, manager, help_pages)
