"""Validates published messages against docs/schemas: python validate_messages.py SCHEMAS < messages

Each line of the input is {"subject": …, "id": the header Nats-Msg-Id, "body": the parsed body}.
Prints every problem, and then exits with 1.
"""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator, FormatChecker

schemas = {}
for path in pathlib.Path(sys.argv[1]).glob("*.json"):
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    checker = FormatChecker(["date-time"])
    schemas[schema["$id"]] = Draft202012Validator(schema, format_checker=checker)
envelope = schemas["urn:souk:schema:cloudevent.v1"]

problems = []
messages = [json.loads(line) for line in sys.stdin]
for message in messages:
    subject, body = message["subject"], message["body"]
    data = schemas.get(body.get("dataschema"))
    if data is None:
        problems.append(f"{subject}: no schema {body.get('dataschema')}")
        continue
    problems += [f"{subject}: {error.json_path}: {error.message}" for error in envelope.iter_errors(body)]
    problems += [f"{subject}: data {error.json_path}: {error.message}" for error in data.iter_errors(body["data"])]
    unknown = set(body) - set(envelope.schema["properties"])
    unknown |= set(body["data"]) - set(data.schema["properties"])
    if unknown:
        problems.append(f"{subject}: not described: {sorted(unknown)}")
    if message["id"] != body["id"]:
        problems.append(f"{subject}: Nats-Msg-Id {message['id']} is not the id {body['id']}")
    if body["dataschema"] != "urn:souk:schema:" + body["type"]:
        problems.append(f"{subject}: {body['dataschema']} is not the schema of {body['type']}")
    # souk.event.v1.order.17.placed is souk.order.placed.v1, souk.notify.v1.email.welcome is souk.notify.email.welcome.v1
    words = subject.split(".")
    kind = [words[3]] if words[1] == "event" else ["notify", "email"]
    if body["type"] != ".".join(["souk", *kind, words[-1], "v1"]):
        problems.append(f"{subject}: its type is {body['type']}")

print("\n".join(problems))
print(f"{len(messages)} messages, {len(problems)} problems")
sys.exit(1 if problems or not messages else 0)
