"""Whether a subscription's filter policy lets a message through, as SNS decides it.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

import operator
from collections.abc import Mapping, Sequence
from itertools import batched
from typing import Any

type Policy = Mapping[str, Any]

_COMPARE = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(policy: Policy, message: Mapping[str, Any]) -> bool:
    """Whether each key of a policy finds what it wants among a message's attributes, or in its body."""
    return all(_finds(key, wanted, message) for key, wanted in policy.items())


def _finds(key: str, wanted: Any, message: Mapping[str, Any]) -> bool:
    if key == "$or":
        return any(matches(policy, message) for policy in wanted)
    value = message.get(key)
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and matches(wanted, value)
    values = value if isinstance(value, list) else [value] * (key in message)
    return any(_accepts(condition, values) for condition in wanted)


def _accepts(condition: Any, values: Sequence[Any]) -> bool:
    if not isinstance(condition, Mapping):
        return condition in values
    [(name, operand)] = condition.items()
    if name == "exists":
        return bool(values) is operand
    if name == "anything-but":
        unwanted = operand if isinstance(operand, list) else [operand]
        return any(not any(_accepts(one, [value]) for one in unwanted) for value in values)
    return any(_compares(name, operand, value) for value in values)


def _compares(name: str, operand: Any, value: Any) -> bool:
    text = str(value)
    match name:
        case "prefix":
            return text.startswith(str(operand))
        case "suffix":
            return text.endswith(str(operand))
        case "equals-ignore-case":
            return text.casefold() == str(operand).casefold()
        case "numeric":
            pairs = batched(operand, 2, strict=True)
            return isinstance(value, int | float) and all(
                bool(_COMPARE[sign](value, bound)) for sign, bound in pairs
            )
        case "cidr":
            return False  # nothing in a message is an address
    return True  # of what is not known here nobody can say that it keeps the message back
