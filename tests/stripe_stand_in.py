"""A stand-in for Stripe that speaks its wire protocol on loopback.

Under /v1 it behaves as Stripe's test mode does: idempotency keys, parameter errors, declines, 3-D Secure,
Checkout Sessions, refunds, signed webhooks (https://docs.stripe.com/api). Under /_control a test acts as the customer
and the operator, injects faults and reads the books; see `Control`. Prints the port it listens on.
"""

import argparse
import base64
import copy
import hashlib
import hmac
import http.client
import json
import random
import re
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

API_VERSION = "2026-09-30.endive"
MINIMUM_AMOUNT = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50}
PAYING = {"pm_card_visa", "pm_card_visa_debit", "pm_card_mastercard", "pm_card_amex"}
ASKING = {"pm_card_authenticationRequired", "pm_card_threeDSecure2Required"}
DECLINED = {
    "pm_card_chargeDeclined": ("card_declined", "generic_decline", "Your card was declined."),
    "pm_card_visa_chargeDeclined": ("card_declined", "generic_decline", "Your card was declined."),
    "pm_card_chargeDeclinedInsufficientFunds": (
        "card_declined", "insufficient_funds", "Your card has insufficient funds."),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", None, "Your card has expired."),
}
OPEN = {"requires_payment_method", "requires_confirmation", "requires_action"}


class Refused(Exception):
    """An error in Stripe's format (https://docs.stripe.com/api/errors). `saved`: a repeated request with the same key
    gets the same error; errors from before the work begins are not saved."""

    def __init__(self, status, kind, message, code=None, param=None, saved=False, **more):
        super().__init__(message)
        error = {"type": kind, "message": message, "code": code, "param": param, **more}
        self.status, self.saved = status, saved
        self.body = {"error": {name: value for name, value in error.items() if value is not None}}


def invalid(message, code=None, param=None, status=400, **more):
    return Refused(status, "invalid_request_error", message, code, param, **more)


def new_id(prefix, length=24):
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return prefix + "".join(secrets.choice(alphabet) for _ in range(length))


class Params:
    """The form of one request. Every parameter must be known; `a[b][0][c]` is known as `a[b][][c]`."""

    def __init__(self, pairs, known):
        self.values = {}
        for name, value in pairs:
            plain = re.sub(r"\[\d+\]", "[]", name)
            if not any(plain == one or (one.endswith("[*]") and plain.startswith(one[:-2])) for one in known):
                raise invalid(f"Received unknown parameter: {name}", "parameter_unknown", name)
            self.values[plain] = value

    def text(self, name, default=None):
        return self.values.get(name, default)

    def required(self, name):
        if not self.values.get(name):
            raise invalid(f"Missing required param: {name}.", "parameter_missing", name)
        return self.values[name]

    def integer(self, name):
        text = self.required(name)
        if not re.fullmatch(r"-?\d+", text):
            raise invalid(f"Invalid integer: {text}", "parameter_invalid_integer", name)
        return int(text)

    def under(self, prefix):
        return {name[len(prefix) + 1:-1]: value for name, value in self.values.items() if name.startswith(prefix + "[")}


def check_amount(amount, currency, param):
    if not re.fullmatch("[a-z]{3}", currency) or currency == "xxx":
        raise invalid(f"Invalid currency: {currency}.", None, "currency")
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", "parameter_invalid_integer", param)
    if amount < MINIMUM_AMOUNT.get(currency, 1):
        raise invalid("Amount must be at least the minimum for this currency.", "amount_too_small", param)


class Books:
    """The state that Stripe would have. The caller must hold `lock`."""

    def __init__(self, base):
        self.lock = threading.RLock()
        self.base = base
        self.intents, self.charges, self.refunds, self.sessions = {}, {}, {}, {}
        self.calls, self.keys, self.faults = [], {}, []
        self.post = Post(self)

    # ---- payment intents

    def new_intent(self, amount, currency, metadata):
        id = new_id("pi_")
        intent = {
            "id": id, "object": "payment_intent", "amount": amount, "amount_capturable": 0, "amount_received": 0,
            "automatic_payment_methods": {"allow_redirects": "never", "enabled": True},
            "canceled_at": None, "cancellation_reason": None, "capture_method": "automatic",
            "client_secret": f"{id}_secret_{secrets.token_hex(12)}", "confirmation_method": "automatic",
            "created": int(time.time()), "currency": currency, "customer": None, "description": None,
            "last_payment_error": None, "latest_charge": None, "livemode": False, "metadata": metadata,
            "next_action": None, "payment_method": None, "payment_method_types": ["card"],
            "status": "requires_payment_method",
        }
        self.intents[id] = intent
        self.post.tell("payment_intent.created", intent)
        return intent

    def intent(self, id, status=404):
        if id not in self.intents:
            raise invalid(f"No such payment_intent: '{id}'", "resource_missing", "intent", status)
        return self.intents[id]

    def create_intent(self, params):
        amount, currency = params.integer("amount"), params.required("currency").lower()
        check_amount(amount, currency, "amount")
        return self.new_intent(amount, currency, params.under("metadata"))

    def confirm(self, id, method):
        intent = self.intent(id)
        method = method or intent["payment_method"]
        if intent["status"] not in OPEN:
            raise self.unexpected_state(intent, "confirm")
        if not method:
            raise self.unexpected_state(intent, "confirm", "because it's missing a payment method")
        if method in DECLINED:
            code, decline_code, message = DECLINED[method]
            raise self.decline(intent, code, decline_code, message)
        if method in ASKING:
            intent.update(status="requires_action", payment_method=new_id("pm_"), last_payment_error=None,
                          next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {}})
            self.post.tell("payment_intent.requires_action", intent)
            return intent
        if method not in PAYING:
            raise invalid(f"No such PaymentMethod: '{method}'", "resource_missing", "payment_method")
        return self.charge(intent)

    def charge(self, intent):
        charge = {
            "id": new_id("ch_"), "object": "charge", "payment_intent": intent["id"], "amount": intent["amount"],
            "amount_refunded": 0, "currency": intent["currency"], "refunded": False, "paid": True,
            "metadata": intent["metadata"], "created": int(time.time()),
        }
        self.charges[charge["id"]] = charge
        intent.update(status="succeeded", latest_charge=charge["id"], amount_received=intent["amount"],
                      payment_method=intent["payment_method"] or new_id("pm_"), next_action=None,
                      last_payment_error=None)
        self.post.tell("charge.succeeded", charge)
        self.post.tell("payment_intent.succeeded", intent)
        return intent

    def decline(self, intent, code, decline_code, message):
        charge = new_id("ch_")
        error = {"type": "card_error", "code": code, "decline_code": decline_code, "message": message,
                 "charge": charge}
        error = {name: value for name, value in error.items() if value is not None}
        intent.update(status="requires_payment_method", last_payment_error=error, next_action=None,
                      payment_method=None)
        self.post.tell("payment_intent.payment_failed", intent)
        more = {"charge": charge, "decline_code": decline_code, "payment_intent": copy.deepcopy(intent)}
        return Refused(402, "card_error", message, code, saved=True, **more)

    def unexpected_state(self, intent, verb, why=None):
        why = why or f"because it has a status of {intent['status']}"
        return invalid(f"You cannot {verb} this PaymentIntent {why}.", "payment_intent_unexpected_state",
                       saved=True, payment_intent=copy.deepcopy(intent))

    def cancel(self, id, reason):
        intent = self.intent(id)
        if intent["status"] not in OPEN:
            raise self.unexpected_state(intent, "cancel")
        if any(session["payment_intent"] == id and session["status"] == "open" for session in self.sessions.values()):
            raise invalid("You cannot cancel this PaymentIntent because it was created by Checkout.", saved=True)
        intent.update(status="canceled", canceled_at=int(time.time()), cancellation_reason=reason, next_action=None)
        self.post.tell("payment_intent.canceled", intent)
        return intent

    def authenticate(self, id, succeeds):
        """The customer accepts or rejects the bank's confirmation."""
        intent = self.intent(id)
        if intent["status"] != "requires_action":
            raise self.unexpected_state(intent, "authenticate")
        if succeeds:
            return self.charge(intent)
        message = "We are unable to authenticate your payment method."
        raise self.decline(intent, "payment_intent_authentication_failure", None, message)

    # ---- refunds

    def refund(self, intent_id, amount, reason, metadata):
        intent = self.intent(intent_id, 400)
        charge = self.charges.get(intent["latest_charge"])
        if charge is None:
            raise invalid("This PaymentIntent does not have a successful charge to refund.", saved=True)
        left = charge["amount"] - charge["amount_refunded"]
        if left == 0:
            raise invalid(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded", saved=True)
        amount = left if amount is None else amount
        if amount < 1:
            raise invalid("Invalid positive integer", "parameter_invalid_integer", "amount")
        if amount > left:
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise invalid(message, None, "amount", saved=True)
        refund = {
            "id": new_id("re_"), "object": "refund", "amount": amount, "charge": charge["id"],
            "created": int(time.time()), "currency": charge["currency"], "metadata": metadata,
            "payment_intent": intent_id, "reason": reason, "receipt_number": None, "status": "succeeded",
        }
        self.refunds[refund["id"]] = refund
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.post.tell("refund.created", refund)
        self.post.tell("charge.refunded", charge)
        return refund

    # ---- Checkout Sessions

    def create_session(self, params):
        if params.required("mode") != "payment":
            raise invalid("Only payments are sold here.", None, "mode")
        price = "line_items[][price_data]"
        currency, quantity = params.required(f"{price}[currency]"), params.integer("line_items[][quantity]")
        amount = params.integer(f"{price}[unit_amount]") * quantity
        params.required(f"{price}[product_data][name]")
        success = params.required("success_url")
        check_amount(amount, currency, "line_items[0][price_data][unit_amount]")
        id = new_id("cs_test_", 48)
        session = {
            "id": id, "object": "checkout.session", "amount_subtotal": amount, "amount_total": amount,
            "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
            "cancel_url": params.text("cancel_url"), "client_reference_id": params.text("client_reference_id"),
            "created": int(time.time()), "currency": currency, "custom_fields": [],
            "custom_text": {"after_submit": None, "shipping_address": None, "submit": None,
                            "terms_of_service_acceptance": None},
            "expires_at": int(time.time()) + 86_400, "livemode": False, "metadata": params.under("metadata"),
            "mode": "payment", "payment_intent": None, "payment_method_types": ["card"],
            "payment_status": "unpaid", "shipping_options": [], "status": "open", "success_url": success,
            "ui_mode": "hosted_page", "url": f"{self.base}/c/pay/{id}",
        }
        self.sessions[id] = {**session, "_metadata": params.under("payment_intent_data[metadata]")}
        return self.shown(self.sessions[id])

    def session(self, id):
        if id not in self.sessions:
            raise invalid(f"No such checkout.session: {id}", "resource_missing", "session", 404)
        return self.sessions[id]

    def shown(self, session):
        return {name: value for name, value in session.items() if not name.startswith("_")}

    def expire_session(self, id):
        session = self.session(id)
        if session["status"] != "open":
            message = f"Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has " \
                      f"a status of `{session['status']}`."
            raise invalid(message, saved=True)
        session.update(status="expired", url=None)
        intent = self.intents.get(session["payment_intent"])
        if intent is not None and intent["status"] in OPEN:
            intent.update(status="canceled", canceled_at=int(time.time()), cancellation_reason="automatic")
            self.post.tell("payment_intent.canceled", intent)
        self.post.tell("checkout.session.expired", self.shown(session))
        return self.shown(session)

    def pay_session(self, id, method):
        """The customer pays on the page."""
        session = self.session(id)
        if session["status"] != "open":
            raise invalid("Nothing is left to pay here.", "checkout_session_not_open")
        if session["payment_intent"] is None:
            intent = self.new_intent(session["amount_total"], session["currency"], session["_metadata"])
            session["payment_intent"] = intent["id"]
        intent = self.confirm(session["payment_intent"], method)
        if intent["status"] == "succeeded":
            session.update(status="complete", payment_status="paid", url=None)
            self.post.tell("checkout.session.completed", self.shown(session))
        return self.shown(session)


class Post:
    """Webhooks: signed, sent from a separate thread, retried until they are acknowledged."""

    ATTEMPTS_MAX = 8

    def __init__(self, books):
        self.books = books
        self.wake = threading.Condition(books.lock)
        self.url = self.secret = None
        self.holding, self.copies, self.shuffles = False, 1, False
        self.random = random.Random()
        self.queue, self.sent, self.under_way = [], [], 0
        for _ in range(4):
            threading.Thread(target=self.carry, daemon=True).start()

    def tell(self, kind, thing):
        event = {
            "id": new_id("evt_"), "object": "event", "api_version": API_VERSION, "created": int(time.time()),
            "livemode": False, "pending_webhooks": 1, "request": {"id": new_id("req_"), "idempotency_key": None},
            "type": kind, "data": {"object": copy.deepcopy(thing)},
        }
        if self.url is not None:
            self.queue += [(event, 1)] * self.copies
            if self.shuffles:
                self.random.shuffle(self.queue)
            self.wake.notify_all()
        else:
            self.sent.append({"id": event["id"], "type": kind, "status": None})

    def carry(self):
        while True:
            with self.books.lock:
                while self.holding or not self.queue:
                    self.wake.wait()
                event, attempt = self.queue.pop(0)
                url, secret = self.url, self.secret
                self.under_way += 1
            status = self.deliver(event, url, secret)
            with self.books.lock:
                self.under_way -= 1
                self.sent.append({"id": event["id"], "type": event["type"], "status": status})
                if status != 200 and attempt < self.ATTEMPTS_MAX:
                    self.queue.append((event, attempt + 1))
                self.wake.notify_all()
            if status != 200:
                time.sleep(0.05 * attempt)

    @staticmethod
    def deliver(event, url, secret):
        body = json.dumps(event).encode()
        seconds = int(time.time())
        code = hmac.new(secret.encode(), b"%d." % seconds + body, hashlib.sha256).hexdigest()
        parts = urlsplit(url)
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": f"t={seconds},v1={code}"}
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        try:
            connection.request("POST", parts.path, body, headers)
            return connection.getresponse().status
        except OSError as error:
            return str(error)
        except http.client.HTTPException as error:
            return repr(error)
        finally:
            connection.close()


class Control:
    """Calls that only a test makes. Every body is JSON."""

    def __init__(self, books):
        self.books = books

    def answer(self, method, path, body):
        books, post = self.books, self.books.post
        name = path.removeprefix("/_control/")
        if (method, name) == ("GET", "books"):
            sessions = [books.shown(session) for session in books.sessions.values()]
            return {"intents": list(books.intents.values()), "charges": list(books.charges.values()),
                    "refunds": list(books.refunds.values()), "sessions": sessions, "calls": books.calls,
                    "webhooks": post.sent}
        if (method, name) == ("GET", "waiting"):
            return {"webhooks": len(post.queue) + post.under_way, "calls": len(books.calls)}
        if part := re.fullmatch(r"calls_since/(\d+)", name):
            return {"calls": books.calls[int(part[1]):]}
        if part := re.fullmatch(r"orders/(\d+)", name):
            def is_about(thing):
                return thing["metadata"].get("souk_order") == part[1]
            return {"intents": list(filter(is_about, books.intents.values())),
                    "charges": list(filter(is_about, books.charges.values()))}
        if (method, name) == ("POST", "faults"):
            # {"on": regular expression over "METHOD PATH", "kind": see `Handler.serve`, "times": number of faults,
            #  "seconds": length of a delay, "skips": number of calls that succeed first, "with": the fields that
            #  "altered" sets in a good answer, "status" and "error": the answer of "refusal"}
            books.faults.append({"times": 1, "skips": 0, "seconds": 1.0, **body})
            return {}
        if (method, name) == ("POST", "clock"):
            Handler.seconds_ahead = body["seconds_ahead"]
            return {}
        if (method, name) == ("DELETE", "faults"):
            books.faults.clear()
            return {}
        if (method, name) == ("POST", "webhooks"):
            # {"url", "secret", "copies", "shuffles", "holding"}: sets the given ones, the others stay.
            for setting in ("url", "secret", "copies", "shuffles", "holding"):
                if setting in body:
                    setattr(post, setting, body[setting])
            post.wake.notify_all()
            return {}
        things = re.fullmatch(r"(payment_intents|checkout/sessions)/(\w+)/(\w+)", name)
        if method != "POST" or things is None:
            raise invalid(f"Unrecognized control URL ({method}: {path}).", status=404)
        match things.groups():
            case ("payment_intents", id, "confirm"):
                return books.confirm(id, body.get("payment_method"))
            case ("payment_intents", id, "authenticate"):
                return books.authenticate(id, body.get("succeeds", True))
            case ("payment_intents", id, "refund"):
                return books.refund(id, body.get("amount"), body.get("reason"), {})
            case ("payment_intents", id, "dispute"):
                charge = books.intent(id)["latest_charge"]
                dispute = {"id": new_id("dp_"), "object": "dispute", "charge": charge, "payment_intent": id,
                           "amount": books.intent(id)["amount"], "currency": books.intent(id)["currency"],
                           "status": "needs_response", "reason": "fraudulent"}
                post.tell("charge.dispute.created", dispute)
                return dispute
            case ("checkout/sessions", id, "pay"):
                return books.pay_session(id, body.get("payment_method", "pm_card_visa"))
        raise invalid(f"Unrecognized control URL ({method}: {path}).", status=404)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    books = control = key = None
    # How far the clock in its answers is ahead.
    seconds_ahead = 0

    def date_time_string(self, timestamp=None):
        return super().date_time_string((time.time() if timestamp is None else timestamp) + self.seconds_ahead)

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve()

    def do_POST(self):
        self.serve()

    def do_DELETE(self):
        self.serve()

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path.startswith("/_control/"):
            return self.serve_control(path, body)
        fault = self.fault(path)
        kind = fault.get("kind")
        call = {"method": self.command, "path": path, "key": self.headers.get("Idempotency-Key"), "status": None,
                "params": dict(parse_qsl(body.decode()))}
        with self.books.lock:
            self.books.calls.append(call)
        # Faults before the work: the call never reached Stripe.
        if kind == "delay":
            time.sleep(fault["seconds"])
        if kind == "drop_before":
            return self.drop()
        if kind in ("error_before", "throttle"):
            status = 429 if kind == "throttle" else 500
            call["status"] = status
            error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests"} \
                if kind == "throttle" else {"type": "api_error", "message": "An unknown error occurred."}
            return self.say(status, {"error": error})
        if kind == "refusal":
            call["status"] = fault["status"]
            return self.say(fault["status"], {"error": fault["error"]})
        status, answer, headers = self.answer_once(path, body, kind == "saved_error_after")
        call["status"] = status
        # Faults after the work: it is done, but the caller does not know.
        if kind == "delay_after":
            time.sleep(fault["seconds"])
        if kind == "drop_after":
            return self.drop()
        if kind == "error_after":
            return self.say(500, {"error": {"type": "api_error", "message": "An unknown error occurred."}})
        if kind == "garbage_after":
            return self.say_bytes(502, b"<html>Bad Gateway</html>", "text/html", {})
        if kind == "altered" and status == 200:
            answer = {**answer, **fault["with"]}
        if kind == "huge_after":
            return self.say(200, {**answer, "padding": " " * 2**26})
        if kind == "headers_after":
            return self.say(200, answer, {f"X-Padding-{number}": "x" * 1000 for number in range(20_000)})
        if kind == "endless_after":
            return self.say_endlessly()
        return self.say(status, answer, headers)

    def fault(self, path):
        with self.books.lock:
            for fault in self.books.faults:
                if fault["times"] > 0 and re.search(fault["on"], f"{self.command} {path}"):
                    if fault["skips"] > 0:
                        fault["skips"] -= 1
                        continue
                    fault["times"] -= 1
                    return fault
        return {}

    def answer_once(self, path, body, saves_error):
        """Does the work once per idempotency key; a repeated request gets the stored answer."""
        key = self.headers.get("Idempotency-Key")
        if self.command != "POST" or key is None:
            return self.answer(path, body)
        asked = (path, sorted(parse_qsl(body.decode())))
        with self.books.lock:
            known = self.books.keys.get(key)
            if known is None:
                known = self.books.keys[key] = {"asked": asked, "answer": None}
            elif known["asked"] != asked:
                message = "Keys for idempotent requests can only be used with the same parameters they were first " \
                          "used with."
                return 400, Refused(400, "idempotency_error", message).body, {}
            elif known["answer"] is None:
                message = "There is currently another in-progress request using this Idempotent Key."
                return 409, invalid(message, "idempotency_key_in_use").body, {}
            else:
                status, answer = known["answer"]
                return status, answer, {"Idempotent-Replayed": "true"}
        status, answer, headers = self.answer(path, body)
        with self.books.lock:
            if saves_error:
                # Stripe stores the answer to the first request, even if it is an internal error.
                status, answer = 500, {"error": {"type": "api_error", "message": "An unknown error occurred."}}
            if headers.pop("saved", True):
                known["answer"] = (status, copy.deepcopy(answer))
            else:
                del self.books.keys[key]
        return status, answer, headers

    def answer(self, path, body):
        try:
            self.authenticate()
            pairs = parse_qsl(urlsplit(self.path).query if self.command == "GET" else body.decode())
            with self.books.lock:
                return 200, copy.deepcopy(self.route(path, pairs)), {}
        except Refused as refused:
            return refused.status, refused.body, {"saved": refused.saved}

    def authenticate(self):
        scheme, _, given = (self.headers.get("Authorization") or "").partition(" ")
        if scheme == "Basic":
            given = base64.b64decode(given).decode().partition(":")[0]
        if scheme not in ("Bearer", "Basic"):
            raise invalid("You did not provide an API key.", status=401)
        if given != self.key:
            raise invalid("Invalid API Key provided.", status=401)

    def route(self, path, pairs):
        books = self.books
        expand = "expand[]"
        match (self.command, *path.removeprefix("/v1/").split("/")):
            case ("POST", "payment_intents"):
                known = ["amount", "currency", "metadata[*]", "description", "automatic_payment_methods[enabled]",
                         "automatic_payment_methods[allow_redirects]", expand]
                return books.create_intent(Params(pairs, known))
            case ("GET", "payment_intents", id):
                Params(pairs, [expand, "client_secret"])
                return books.intent(id)
            case ("POST", "payment_intents", id, "confirm"):
                params = Params(pairs, ["payment_method", "return_url", expand])
                return books.confirm(id, params.text("payment_method"))
            case ("POST", "payment_intents", id, "cancel"):
                return books.cancel(id, Params(pairs, ["cancellation_reason", expand]).text("cancellation_reason"))
            case ("POST", "refunds"):
                params = Params(pairs, ["payment_intent", "amount", "reason", "metadata[*]", expand])
                amount = params.integer("amount") if params.text("amount") else None
                reason = params.text("reason")
                if reason not in (None, "duplicate", "fraudulent", "requested_by_customer"):
                    raise invalid(f"Invalid reason: {reason}", None, "reason")
                return books.refund(params.required("payment_intent"), amount, reason, params.under("metadata"))
            case ("GET", "refunds"):
                params = Params(pairs, ["payment_intent", "limit", "starting_after", expand])
                wanted, after = params.text("payment_intent"), params.text("starting_after")
                found = [one for one in books.refunds.values() if wanted in (None, one["payment_intent"])][::-1]
                if after is not None:
                    found = found[[one["id"] for one in found].index(after) + 1:]
                limit = int(params.text("limit", "10"))
                return {"object": "list", "url": "/v1/refunds", "has_more": len(found) > limit, "data": found[:limit]}
            case ("POST", "checkout", "sessions"):
                known = ["mode", "success_url", "cancel_url", "client_reference_id", "metadata[*]", "expires_at",
                         "payment_intent_data[metadata][*]", "payment_intent_data[description]", "line_items[][quantity]",
                         "line_items[][price_data][*]", expand]
                return books.create_session(Params(pairs, known))
            case ("GET", "checkout", "sessions", id):
                Params(pairs, [expand])
                return books.shown(books.session(id))
            case ("POST", "checkout", "sessions", id, "expire"):
                Params(pairs, [expand])
                return books.expire_session(id)
        raise invalid(f"Unrecognized request URL ({self.command}: {path}).", status=404)

    def serve_control(self, path, body):
        try:
            with self.books.lock:
                answer = copy.deepcopy(self.control.answer(self.command, path, json.loads(body or b"{}")))
            self.say(200, answer)
        except Refused as refused:
            self.say(refused.status, refused.body)

    def say_endlessly(self):
        self.send_response(200)
        for name, value in {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"100000\r\n" + b" " * 2**20 + b"\r\n")
        except OSError:
            self.close_connection = True

    def drop(self):
        self.close_connection = True
        self.connection.shutdown(2)

    def say(self, status, body, headers=None):
        self.say_bytes(status, json.dumps(body).encode(), "application/json", headers or {})

    def say_bytes(self, status, data, content_type, headers):
        headers.pop("saved", None)
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": len(data), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            # The client has disconnected.
            self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        # A client that disconnects is not an error; anything else is a bug in the tests.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default="sk_test_stand_in", help="the secret key of the one account")
    args = parser.parse_args()

    server = Server(("127.0.0.1", args.port), Handler)
    port = server.server_address[1]
    Handler.books = Books(f"http://127.0.0.1:{port}")
    Handler.control = Control(Handler.books)
    Handler.key = args.key
    print(f"stripe stand-in on port {port}", flush=True)
    server.serve_forever()


main()
