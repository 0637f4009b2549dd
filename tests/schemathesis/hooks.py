"""What random requests must not do: ask for long answers, and revoke the key that they are made with."""

import os

import schemathesis

FIELDS = ("max_tokens", "max_completion_tokens")
ASKING = ("/v1/query", "/v1/chat/completions")
SHORT = 2
LONGEST = 8192


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.operation.path in ASKING and isinstance(case.body, dict):
        shorten(case.body)
    if case.path_parameters and case.path_parameters.get("id") == os.environ["SCHEMATHESIS_KEY_ID"]:
        case.path_parameters["id"] = "key_000000000000"


def shorten(body):
    for field in FIELDS:
        value = body.get(field)
        # What is wrong stays wrong.
        if isinstance(value, int | float) and not isinstance(value, bool) and SHORT < value <= LONGEST:
            body[field] = SHORT
    if not any(body.get(field) is not None for field in FIELDS):
        body[FIELDS[0]] = SHORT
