"""What the shop reads although its descriptions name one JSON type only.

The descriptions name the type that a client should send. The shop reads more, as its contracts say: a number for a
text, a text for a number, an id or a truth value, and a blank text for null. An answer of success to such a body is no
failure of the shop. Whatever else a description forbids must be refused, and schemathesis goes on to check that.
"""

from decimal import Decimal, InvalidOperation

import jsonschema_rs
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData

TRUE = {"true", "t", "yes", "y", "on", "1", "1.0"}
FALSE = {"false", "f", "no", "n", "off", "0", "0.0", "-0.0"}
# More digits than an amount of any currency has before or behind its point.
PLACES_MAX = 2


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops a failure that is only about the types the shop is lenient with."""
    return not isinstance(failure, AcceptedNegativeData) or not is_read_leniently(case)


def is_read_leniently(case):
    """Whether the body fits its schema once its values have the types that the shop reads them as."""
    body = case.operation.definition.raw.get("requestBody", {})
    schema = body.get("content", {}).get("application/json", {}).get("schema")
    if schema is None or not isinstance(case.body, dict):
        return False
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    validator = jsonschema_rs.validator_for({**dialect, **schema})
    return not validator.is_valid(case.body) and validator.is_valid(as_read(case.body, schema))


def as_read(value, schema):
    """The value with the type that the schema names, if the shop reads it so; else the value itself."""
    if "anyOf" in schema:
        is_null = isinstance(value, str) and value.strip().lower() in ("", "null")
        return None if value is None or is_null else as_read(value, schema["anyOf"][0])
    kind = schema.get("type")
    if kind == "object" and isinstance(value, dict):
        properties = schema.get("properties", {})
        return {name: as_read(item, properties.get(name, {})) for name, item in value.items()}
    if kind == "array" and isinstance(value, list):
        return [as_read(item, schema["items"]) for item in value]
    if kind == "boolean":
        word = str(value).lower()
        return True if word in TRUE else False if word in FALSE else value
    number = number_of(value)
    if number is None:
        return value
    if kind == "integer":
        return int(number)
    if kind == "number":
        return float(number)
    if kind == "string" and "[0-9]" in schema.get("pattern", ""):
        return f"{round(number, PLACES_MAX):f}".removesuffix(".00")
    if kind == "string" and not isinstance(value, str):
        return str(value)
    return value


def number_of(value):
    """The number that a number or a text is."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
