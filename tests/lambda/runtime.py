"""Lambda's side of a function, in a process of its own.

Imports the handler that _HANDLER names, then reads an event a line and writes an answer a line. An exception becomes an
answer with `errorMessage` and `errorType`, as Lambda's own runtime has it; the first line says whether the import went
well. `{"modules": true}` asks which modules are imported by now.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass
class Context:
    aws_request_id: str
    function_name: str = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "512"

    def get_remaining_time_in_millis(self) -> int:
        return 1000 * int(os.environ.get("AWS_LAMBDA_FUNCTION_TIMEOUT", "10"))


def main() -> None:
    # What the function prints is no answer.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for answer in _answers():
            print(json.dumps(answer), file=answers, flush=True)


def _answers() -> Iterator[Any]:
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the answer
        yield _fault(error)
        return
    yield {"modules": sorted(sys.modules)}
    for number, line in enumerate(sys.stdin):
        event = json.loads(line)
        if event == {"modules": True}:
            yield {"modules": sorted(sys.modules)}
            continue
        try:
            answer = handler(event, Context(f"request-{number}"))
        except Exception as error:  # noqa: BLE001  # as above
            answer = _fault(error)
        yield answer


def _fault(error: Exception) -> dict[str, str]:
    return {"errorMessage": str(error), "errorType": type(error).__name__}


if __name__ == "__main__":
    main()
