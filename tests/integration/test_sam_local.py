"""`make local`: what it makes of the built stack, and, where Docker is, the whole of it."""

import json
import os
import socket
import ssl
import subprocess

import pytest
from samtranslator.yaml_helper import yaml_parse

from local import sam_local
from local.container import HOST, adapted, architecture, copied, environments
from local.embedded import embedded
from local.relay import relayed
from local.sandbox import serving
from local.tools import ROOT, LocalError, tool

NAMES = sam_local.FUNCTIONS
DEPLOYED = {name: {"STATE_TABLE": "table-1", "TIME_ZONE": "UTC"} for name in NAMES}


def has_daemon():
    """Whether Docker answers; asked by another process, since its client leaves sockets open."""
    command = [tool("dev", "python"), "-c", "import docker; docker.from_env().ping()"]
    return not subprocess.run(command, capture_output=True, check=False).returncode


@pytest.fixture
def template(build):
    return yaml_parse((build / "template.yaml").read_text())


def test_a_function_has_its_whole_environment_in_words_and_where_a_container_finds_aws(template):
    origins = {"DEEPSEEK_URL": "https://127.0.0.1:2", "NOVITA_URL": "https://127.0.0.1:2"}
    variables = environments(DEPLOYED, origins, "https://127.0.0.1:1")
    made = adapted(template, variables, "x86_64")
    for name in NAMES:
        assert made["Resources"][name]["Properties"]["Environment"]["Variables"] == {
            "STATE_TABLE": "table-1",
            "TIME_ZONE": "UTC",
            "AWS_ENDPOINT_URL": f"https://{HOST}:1",
            "DEEPSEEK_URL": f"https://{HOST}:2",
            "NOVITA_URL": f"https://{HOST}:2",
        }


def test_nothing_else_of_the_template_is_changed_but_the_architecture(template):
    made = adapted(template, DEPLOYED, "x86_64")
    for name in NAMES:
        assert made["Resources"][name]["Properties"].pop("Architectures") == ["x86_64"]
        del made["Resources"][name]["Properties"]["Environment"]
        template["Resources"][name]["Properties"].pop("Environment")
    assert made == json.loads(json.dumps(template))


def test_a_machine_has_lambda_s_word_for_its_architecture():
    assert [architecture(one) for one in ("x86_64", "AMD64", "aarch64", "arm64")] == [
        "x86_64",
        "x86_64",
        "arm64",
        "arm64",
    ]


def test_the_copied_package_trusts_the_emulator_and_the_built_one_does_not(build, tmp_path):
    authority = tmp_path / "authority.pem"
    authority.write_text("-----BEGIN CERTIFICATE----- the emulator's")
    made = copied(build, tmp_path / "copy", DEPLOYED, authority)
    copy = yaml_parse(made.read_text())
    for name in NAMES:
        code = copy["Resources"][name]["Properties"]["CodeUri"]
        trusted = (made.parent / code / "certifi" / "cacert.pem").read_text()
        before = (build / code / "certifi" / "cacert.pem").read_text()
        assert trusted == f"{before}\n{authority.read_text()}"
        assert (made.parent / code / "handlers").is_dir()


def test_a_container_trusts_what_comes_over_the_relay_by_the_name_that_it_uses():
    with embedded() as aws, serving(aws.certificate) as sandbox:
        sandbox.fund("sk-relayed-0123456789", USD="1")
        port = int(sandbox.url.rpartition(":")[2])
        context = ssl.create_default_context(cafile=aws.authority)
        with (
            relayed("127.0.0.2", [port]),
            socket.create_connection(("127.0.0.2", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as connection,
        ):
            connection.sendall(
                b"GET /user/balance HTTP/1.0\r\nAuthorization: Bearer sk-relayed-0123456789\r\n\r\n"
            )
            answer = connection.makefile("rb").read()
    assert b'"is_available": true' in answer


def test_an_address_that_is_not_of_this_machine_is_said_so():
    with pytest.raises(LocalError, match=r"Nothing can listen on 192\.0\.2\.1"):
        relayed("192.0.2.1", [0]).__enter__()  # of no machine: RFC 5737


@pytest.mark.parametrize(
    ("out", "log", "said"),
    [
        (
            'START\n{"errorMessage": "The secret is empty.", "errorType": "SecretError"}',
            "",
            "secret is",
        ),
        ("", "Error: image not found", "image not found"),
        ("no JSON\n[1]", "", "gave no answer"),
    ],
)
def test_an_answer_is_judged_by_what_it_says_since_sam_always_exits_with_0(out, log, said):
    with pytest.raises(LocalError, match=said):
        sam_local.answered(out, log)
    assert sam_local.answered('{"alerts": []}\n', "REPORT") == {"alerts": []}


def make_local(**env):
    return subprocess.run(
        [tool("dev", "python"), "-m", "local.sam_local"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "src"} | env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_daemon_it_says_so_in_one_sentence():
    done = make_local(DOCKER_HOST="tcp://127.0.0.1:9")
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert said == (
        "make local needs a running Docker daemon, and none answers: start Docker, or set DOCKER_HOST."
    )
    assert not done.stderr


def test_only_start_lambda_is_known_besides():
    done = make_local(ARGS="invoke")
    assert done.returncode == 1
    assert 'ARGS can be "start-lambda"' in done.stdout


def test_with_docker_both_functions_answer_in_aws_s_own_image_and_the_mail_comes():
    if not has_daemon():
        pytest.skip("no Docker daemon answers")
    done = make_local()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[CRITICAL] DeepSeek default: 4.20 USD left" in done.stdout
    assert "[test] budget-guard: alerts reach you here" in done.stdout
