"""An answer on its way out: JSON as text, masked for readers who may not see addresses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from adapters.config.api_keys import Caller
from api.http import problems
from api.http.masking import masked
from api.http.problems import Problem

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """`customers`: whose personal data is in it, as customer refs."""

    status: int
    body: str
    customers: frozenset[str] = frozenset()
    media_type: str = JSON

    @classmethod
    def of_problem(cls, problem: Problem) -> "Answer":
        return cls(problem.status_code, json.dumps(problem.document()), media_type=problems.MEDIA_TYPE)

    def response(self, caller: Caller, headers: Mapping[str, str] | None = None) -> Response:
        hidden = self.media_type == JSON and not caller.sees_addresses
        body = masked(self.body) if hidden else self.body.encode()
        return Response(body, self.status, headers, self.media_type)
