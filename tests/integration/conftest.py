"""What the tests on the real tools share: one `sam build`."""

import fcntl

import pytest

from local.tools import ROOT, clean_environment, run, tool


@pytest.fixture(scope="session")
def build(tmp_path_factory, worker_id):
    """The folder of the functions as `sam build` makes it; pytest's workers wait for the first one."""
    session = tmp_path_factory.getbasetemp()
    shared = session if worker_id == "master" else session.parent
    folder = shared / "build"
    with (shared / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            command = [tool("sam", "sam"), "build", "--build-dir", str(folder)]
            run(command, clean_environment(), shared / "sam.log")
    assert (ROOT / "template.yaml").exists()
    return folder
