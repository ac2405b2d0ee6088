"""The parts of the `nats` command that the pages use: `pub SUBJECT BODY` and `sub --stream NAME --all SUBJECT`.

It replaces the real command, which is written in Go and not part of the test environment.
"""

import argparse
import asyncio
import os

import nats


def options():
    parser = argparse.ArgumentParser(prog="nats")
    parser.add_argument("--server", default=os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--inbox-prefix", default="_INBOX")
    commands = parser.add_subparsers(dest="command", required=True)
    publish = commands.add_parser("pub")
    publish.add_argument("subject")
    publish.add_argument("body")
    subscribe = commands.add_parser("sub")
    subscribe.add_argument("--stream", required=True)
    subscribe.add_argument("--all", action="store_true", required=True)
    subscribe.add_argument("subject")
    return parser.parse_args()


async def fail(error):
    # The broker reports a missing permission. The real command prints the error and continues; this one fails.
    print("nats: error:", error, flush=True)
    os._exit(1)


async def main(asked):
    connection = await nats.connect(
        asked.server,
        user=asked.user,
        password=asked.password,
        inbox_prefix=asked.inbox_prefix,
        allow_reconnect=False,
        error_cb=fail,
    )
    if asked.command == "pub":
        await connection.publish(asked.subject, asked.body.encode())
        # The broker answers this after it has processed the message.
        await connection.flush()
        await connection.close()
        return
    events = await connection.jetstream().subscribe(
        asked.subject, stream=asked.stream, ordered_consumer=True
    )
    async for message in events.messages:
        print(f"[#{message.metadata.sequence.consumer}] {message.subject}", flush=True)
        print(message.data.decode(), flush=True)


asyncio.run(main(options()))
