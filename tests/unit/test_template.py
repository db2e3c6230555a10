"""The template and the code agree."""

import importlib
import re

import settings
from guard.model import Rules
from tests import stack


def parameter(name):
    return stack.source()["Parameters"][name]


def test_every_handler_of_the_template_exists():
    for function in stack.resources("AWS::Lambda::Function").values():
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


class Asked(dict):
    """An environment that remembers which variables were read."""

    def __init__(self, *args):
        super().__init__(*args)
        self.names = set()

    def get(self, name, default=None):
        self.names.add(name)
        return super().get(name, default)


def test_every_variable_that_the_settings_read_is_set_by_the_template_and_no_other():
    variables = stack.resources("AWS::Lambda::Function")["CheckBalances"]["Environment"]["Variables"]
    asked = Asked(dict.fromkeys(("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"), "x"))
    settings.read(asked)
    origins = {name for name in asked.names if name.endswith("_URL")}
    assert asked.names - origins == set(variables)
    assert origins == {"DEEPSEEK_URL", "NOVITA_URL"}


def test_the_defaults_of_the_template_are_those_of_the_settings():
    needed = dict.fromkeys(("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"), "x")
    variables = stack.source()["Resources"]["CheckBalances"]["Properties"]["Environment"]["Variables"]
    defaults = {
        name: str(parameter(value["Ref"])["Default"])
        for name, value in variables.items()
        if name not in needed
    }
    assert settings.read(needed | defaults) == settings.read(needed)
    assert all(isinstance(rules, Rules) for rules in settings.read(needed).rules.values())


def test_every_parameter_is_described_has_a_default_and_is_bounded():
    for name, given in stack.source()["Parameters"].items():
        assert given["Description"], name
        assert "Default" in given, name
        assert "AllowedPattern" in given or "AllowedValues" in given, name


def test_every_default_fits_its_own_pattern():
    for given in stack.source()["Parameters"].values():
        if "AllowedPattern" in given:
            assert re.search(given["AllowedPattern"], str(given["Default"]))


def test_the_patterns_refuse_what_the_settings_refuse():
    for name, bad in {
        "DeepSeekBudget": ["20", "20/5", "20/5 usd", "20/5 USD,", "20/5 USD 1/1 CNY", ""],
        "Runway": ["7d", "7/2", "never", ""],
        "RemindEvery": ["off", "24h", "1 day/6h"],
        "FastDrain": ["25/1h", "25%", "%/1h"],
    }.items():
        for text in bad:
            assert not re.search(parameter(name)["AllowedPattern"], text), (name, text)


def test_the_runtime_pins_are_a_subset_of_the_lock():
    def pins(path):
        return set(
            re.findall(r"^([a-z0-9-]+==[^\s\\;]+)", (stack.ROOT / path).read_text(), re.MULTILINE)
        )

    runtime = pins("src/requirements.txt")
    names = {pin.partition("==")[0] for pin in runtime}
    assert names >= {"boto3", "requests", "aws-lambda-powertools"}
    assert runtime <= pins("requirements/dev.txt")
