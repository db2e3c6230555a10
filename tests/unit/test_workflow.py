"""What the workflow's own gates don't hold: who may deploy, and after what."""

import pytest
import yaml

from tests import stack

WORKFLOWS = sorted((stack.ROOT / ".github" / "workflows").glob("*.y*ml"))
WORKFLOW = yaml.safe_load((stack.ROOT / ".github" / "workflows" / "check.yml").read_text())
CHECK, DEPLOY = WORKFLOW["jobs"]["check"], WORKFLOW["jobs"]["deploy"]


def commands(job):
    return [step.get("run") or step["uses"].partition("@")[0] for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_only_the_deployment_may_take_on_a_role_in_aws_and_nothing_may_write_to_the_repository(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        allowed = {"contents": "read"} | ({"id-token": "write"} if name == "deploy" else {})
        assert job["permissions"] == allowed, name


def test_pushes_and_pull_requests_are_held_to_all_that_make_check_holds():
    triggers = WORKFLOW[True]  # YAML's word for `on`
    assert triggers == {"push": {"branches": ["main"], "tags": ["v*"]}, "pull_request": None}
    assert "if" not in CHECK
    assert commands(CHECK)[-1] == "make check"


def test_a_tag_is_deployed_after_its_checks_where_there_is_a_role_and_nothing_else_is():
    assert DEPLOY["needs"] == "check"
    assert DEPLOY["if"] == "startsWith(github.ref, 'refs/tags/v') && vars.AWS_ROLE_ARN != ''"
    assert DEPLOY["environment"] == "production"
    assert DEPLOY["concurrency"] == {"group": "production", "cancel-in-progress": False}


def test_what_the_build_runs_has_no_credentials():
    build, credentials, release = commands(DEPLOY)[-3:]
    assert (build, release) == ("make build", "make release")
    assert credentials == "aws-actions/configure-aws-credentials"


def test_no_job_runs_without_end():
    assert all(job["timeout-minutes"] <= 30 for job in WORKFLOW["jobs"].values())
