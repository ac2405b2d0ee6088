"""Runs a command beside a PostgreSQL cluster of its own.

Usage: with_postgres.py BIN COMMAND...

BIN is the directory of PostgreSQL's programs. The command finds the cluster in SOUK_TEST_POSTGRES, a URL. When it ends,
the cluster is stopped and deleted, and its exit status is this program's. The cluster is for tests that do not crash
it: it never waits for the disk.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# PostgreSQL does not run as root.
AS_USER = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "400",
    "shared_buffers": "128MB",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
}


def free_port():
    """A port below those that the system gives to outgoing connections."""
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def within_reach(programs, directory):
    """The programs, or a copy of them where the user that runs them may not go to the original."""
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, **AS_USER)
        return programs
    except PermissionError:
        installed, package = programs.parent, programs.parent.parent
        shutil.copytree(installed, directory / package.name / installed.name, symlinks=True)
        # A Python package has the libraries of its programs beside it.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, directory / libraries.name, symlinks=True)
        return directory / package.name / installed.name / programs.name


class Cluster:
    def __init__(self, programs, directory):
        self.programs = programs
        self.data = directory / "cluster"
        self.log = directory / "postgres.log"
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self.process = None
        secret = directory / "password"
        secret.write_text(self.password)
        if AS_USER:
            for path in (directory, secret):
                os.chown(path, AS_USER["user"], AS_USER["group"])
        command = [
            programs / "initdb", "--pgdata", self.data, "--username", "souk", "--pwfile", secret,
            "--auth-host", "scram-sha-256", "--auth-local", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync",
        ]
        made = subprocess.run(command, cwd=directory, capture_output=True, text=True, **AS_USER)
        if made.returncode != 0:
            sys.exit(f"tests/with_postgres.py: initdb failed:\n{made.stdout}{made.stderr}")

    def start(self):
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        command = [self.programs / "postgres", "-D", self.data, "-p", str(self.port), "-k", self.data, *settings]
        with self.log.open("w") as log:
            # A session of its own: Ctrl-C ends the tests first.
            self.process = subprocess.Popen(
                command, cwd=self.data.parent, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                **AS_USER,
            )
        deadline = time.monotonic() + 60
        while "database system is ready to accept connections" not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"tests/with_postgres.py: PostgreSQL does not start:\n{self.log.read_text()}")
            time.sleep(0.02)

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        # SIGINT ends it without waiting for its clients.
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)

    def url(self):
        return f"postgres://souk:{self.password}@127.0.0.1:{self.port}/postgres"


def run(command, environment):
    """Runs the command, forwards what asks it to end, and returns its exit status."""
    # Ctrl-C reaches the command by itself.
    signal.signal(signal.SIGINT, lambda *_: None)
    child = subprocess.Popen(command, env=environment)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: child.send_signal(number))
    status = child.wait()
    return status if status >= 0 else 128 - status


def main():
    programs, command = Path(sys.argv[1]).resolve(), sys.argv[2:]
    directory = Path(tempfile.mkdtemp(prefix="souk-tests-"))
    cluster = None
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        directory.chmod(0o711)
        programs = within_reach(programs, directory)
        cluster = Cluster(programs, directory)
        cluster.start()
        found = {"SOUK_TEST_POSTGRES": cluster.url(), "SOUK_TEST_POSTGRES_BIN": str(programs)}
        return run(command, {**os.environ, **found})
    finally:
        if cluster is not None:
            cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
