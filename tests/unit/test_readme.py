"""The README shows what the code says."""

from tests import stack
from tools.texts import as_markdown

README = (stack.ROOT / "README.md").read_text()


def test_the_readme_shows_one_text_of_each_kind_as_it_is_sent():
    assert as_markdown() in README


def test_the_readme_lists_every_parameter_with_its_default():
    for name, given in stack.source()["Parameters"].items():
        default = f"`{given['Default']}`" if str(given["Default"]) else "none"
        assert f"| `{name}` | {default} |" in README
