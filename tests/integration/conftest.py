"""What the tests on the real tools share: one `sam build`."""

import pytest

from local.tools import ROOT, clean_environment, run, tool


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """The folder of the function as `sam build` makes it from the template."""
    folder = tmp_path_factory.mktemp("build")
    command = [tool("sam", "sam"), "build", "--build-dir", str(folder)]
    run(command, clean_environment(), folder.parent / "sam.log")
    assert (ROOT / "template.yaml").exists()
    return folder
