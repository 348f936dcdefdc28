"""How the control API reads its requests and answers."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from adapters.simulator.web import BodyTooLargeError, answer, body_of

Asked = TypeVar("Asked")

MOST_BODY = 1024 * 1024


class ControlError(Exception):
    """The control request cannot be done; `status` is the HTTP answer."""

    def __init__(self, detail: str, status: int = 422) -> None:
        super().__init__(detail)
        self.status = status


def answering(handler: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return answer(await handler(request))
        except ControlError as error:
            return answer({"error": str(error)}, error.status)
        except msgspec.DecodeError as error:
            return answer({"error": str(error)}, 422)
        except BodyTooLargeError:
            return answer({"error": "the request is too large"}, 413)

    return endpoint


async def read(request: Request, kind: type[Asked]) -> Asked:
    return msgspec.json.decode(await body_of(request, MOST_BODY) or b"{}", type=kind)


def part(found: list[Any], request: Request) -> list[Any]:
    numbers = {name: request.query_params.get(name, default) for name, default in (("limit", "100"), ("offset", "0"))}
    if not all(text.isdecimal() for text in numbers.values()):
        raise ControlError("'limit' and 'offset' must be numbers")
    start = int(numbers["offset"])
    return found[start : start + int(numbers["limit"])]
