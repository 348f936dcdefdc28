"""Reads a request's query parameters by the table of those that its route knows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import QueryParams

from adapters.config.api_keys import Caller
from api.errors import FieldError
from api.http.parameters import BadValueError, Parameter
from api.http.problems import Problem
from projections.queries.filters import Filters

_LONGEST_NAME = 64
"""Characters of a parameter's name that a problem repeats."""


def read(query: QueryParams, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The values given, by name; of one that repeats a sorted tuple. Raises Problem 422, naming all that is wrong."""
    given: dict[str, list[str]] = defaultdict(list)
    for name, text in query.multi_items():
        given[name].append(text)
    known = {parameter.name: parameter for parameter in parameters}
    values: dict[str, Any] = {}
    faults: list[FieldError] = []
    for name, texts in given.items():
        try:
            values[name] = _value(known.get(name), texts)
        except BadValueError as error:
            faults.append(FieldError(name[:_LONGEST_NAME], error.code, str(error)))
    if faults:
        raise refusal(*faults)
    return values


def _value(parameter: Parameter | None, texts: list[str]) -> Any:
    if parameter is None:
        raise BadValueError("unknown_parameter", "There is no such parameter here.")
    if parameter.repeats:
        return tuple(sorted({parameter.read(text) for text in texts}))
    if len(texts) > 1:
        raise BadValueError("repeated", "May be given only once.")
    return parameter.read(texts[0])


def refusal(*faults: FieldError) -> Problem:
    named = ", ".join(sorted(fault.field for fault in faults))
    return Problem(422, "validation", f"Not valid: {named}.", title="Not valid", fields=faults)


def filters_of(values: Mapping[str, Any], caller: Caller) -> Filters:
    """A search looks at addresses only for who may see them: or it would tell them apart by what it finds."""
    chosen = {name: value for name, value in values.items() if name in Filters.__struct_fields__}
    if chosen.get("status_group") == "all":
        del chosen["status_group"]
    return Filters(**chosen, in_recipients=caller.sees_addresses and "q" in chosen)
