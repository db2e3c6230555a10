"""The parameters of the template: asked for, or given as words, and held to their patterns."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from local.tools import ROOT, LocalError

NOTHING = "none"  # what a person types to take a value away; no parameter takes this word for a value


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the template; `pattern` is None where `values` lists what it may be."""

    name: str
    default: str
    description: str
    pattern: str | None
    values: tuple[str, ...]
    constraint: str

    def refused(self, text: str) -> str | None:
        """Why CloudFormation would refuse a value, as a phrase; None if it would not."""
        if self.pattern is None:
            return None if text in self.values else f"one of {', '.join(self.values)}"
        return None if re.fullmatch(self.pattern, text) else self.constraint


Groups = Mapping[str, Sequence[Parameter]]


def of_template() -> Groups:
    """The parameters of template.yaml by the label of their group, in its order."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    described = template["Parameters"]
    return {
        group["Label"]["default"]: [_parameter(name, described[name]) for name in group["Parameters"]]
        for group in groups
    }


def defaults(groups: Groups) -> dict[str, str]:
    """Each parameter's default."""
    return {one.name: one.default for group in groups.values() for one in group}


def from_words(words: str, groups: Groups) -> dict[str, str]:
    """What `Name=value Name='value with blanks'` sets; raises `LocalError`."""
    known = {one.name: one for group in groups.values() for one in group}
    given: dict[str, str] = {}
    for name, value in pairs(words, "SET"):
        if name not in known:
            raise LocalError(f"There is no parameter {name}: docs/parameters.md lists them.")
        why = known[name].refused(value)
        if why:
            raise LocalError(f"{name} can't be '{value}': it should be {why}.")
        given[name] = value
    return given


def pairs(words: str, variable: str) -> list[tuple[str, str]]:
    """The pairs of `name=value name='value with blanks'`; raises `LocalError`."""
    try:
        found = [word.partition("=") for word in shlex.split(words)]
    except ValueError:
        raise LocalError(f"{variable} has a quote that is not closed.") from None
    if not all(name and equals for name, equals, _ in found):
        raise LocalError(f"{variable} should be name=value, with blanks between several.")
    return [(name, value) for name, _, value in found]


def ask(console: Console, groups: Groups, present: Mapping[str, str]) -> dict[str, str]:
    """What a person wants; Enter keeps what is there, and so does the end of the input.

    The first group is asked one by one, the others only if the person wants to change them.
    """
    wanted = dict(present)
    console.print("Enter keeps what stands in brackets.", highlight=False)
    try:
        for number, (label, group) in enumerate(groups.items()):
            console.print(f"\n[bold]{label}[/bold]")
            if number and not _to_change(console, group, present):
                continue
            for one in group:
                wanted[one.name] = _asked(console, one, present[one.name])
    except EOFError:
        console.print()
    return wanted


def _to_change(console: Console, group: Sequence[Parameter], present: Mapping[str, str]) -> bool:
    for one in group:
        console.print(f"  {one.name}: {escape(present[one.name] or NOTHING)}", highlight=False)
    answer = console.input("Change any of these? \\[no] ")
    return answer.strip().lower() in ("y", "yes")


def _asked(console: Console, parameter: Parameter, present: str) -> str:
    console.print(f"{parameter.name}: {escape(parameter.description)}", highlight=False)
    away = f"; '{NOTHING}' takes it away" if present and not parameter.default else ""
    while True:
        answer = console.input(f"  \\[{escape(present or NOTHING)}{away}] ").strip()
        if not answer:
            return present
        value = "" if answer.lower() == NOTHING and not parameter.default else answer
        why = parameter.refused(value)
        if not why:
            return value
        console.print(f"  It should be {escape(why)}.", highlight=False)


def _parameter(name: str, described: Mapping[str, object]) -> Parameter:
    values = described.get("AllowedValues", ())
    pattern = described.get("AllowedPattern")
    return Parameter(
        name=name,
        default=str(described["Default"]),
        description=str(described["Description"]),
        pattern=pattern if isinstance(pattern, str) else None,
        values=tuple(map(str, values)) if isinstance(values, list) else (),
        constraint=str(described.get("ConstraintDescription", "")),
    )
