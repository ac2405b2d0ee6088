"""A mail server that stores the mails it receives.

Prints the port it listens on, then appends every accepted message to the file as one JSON line:
{"from": envelope sender, "to": [envelope recipients], "auth": login or null, "tls": bool, "data": the message}.
"""

import argparse
import asyncio
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Sink:
    def __init__(self, path, args, refusal):
        self.path = path
        self.refusal = refusal
        self.refusals_left = args.refuse_first
        self.drops_left = args.drop_first
        self.greylists = args.greylist
        self.known = set()
        self.rejected = args.reject

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.rejected:
            return "550 5.1.1 nobody here"
        if self.greylists and address not in self.known:
            self.known.add(address)
            return "450 4.2.0 greylisted, come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.drops_left > 0:
            self.drops_left -= 1
            server.transport.abort()
            return "421 gone"
        if self.refusals_left > 0:
            self.refusals_left -= 1
            return self.refusal
        line = json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "auth": session.auth_data,
            "tls": session.ssl is not None,
            "data": envelope.content.decode("utf-8", "replace"),
        })
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(line + "\n")
        return "250 OK"


def login_checker(expected):
    def check(server, session, envelope, mechanism, data):
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        given = f"{data.login.decode()}:{data.password.decode()}"
        return AuthResult(success=given == expected, handled=False, auth_data=data.login.decode())

    return check


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="where accepted messages are appended")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="offer and require STARTTLS")
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="require this login")
    parser.add_argument("--smtps", action="store_true", help="use TLS from the start, with the pair of --tls")
    parser.add_argument("--greylist", action="store_true", help="answer 450 to each recipient the first time")
    parser.add_argument("--reject", action="append", default=[], metavar="ADDRESS", help="answer 550 to this recipient")
    parser.add_argument("--drop-first", type=int, default=0, metavar="N", help="hang up after the first N messages")
    parser.add_argument("--refuse-first", type=int, default=0, metavar="N", help="answer 451 to the first N messages")
    parser.add_argument("--for-good", action="store_true", help="with --refuse-first: answer 550 instead")
    args = parser.parse_args()

    refusal = "550 5.7.1 not here" if args.for_good else "451 4.3.0 try again later"
    options = {"hostname": "sink", "enable_SMTPUTF8": True}
    tls = None
    if args.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*args.tls)
        if not args.smtps:
            options.update(tls_context=tls, require_starttls=True)
    if args.auth:
        options.update(authenticator=login_checker(args.auth), auth_required=True, auth_require_tls=bool(args.tls) and not args.smtps)

    sink = Sink(args.file, args, refusal)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(sink, **options), "127.0.0.1", args.port, ssl=tls if args.smtps else None
    )
    print(f"mail sink on port {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(main())
