"""The manifests: what kustomize makes of them is valid, locked down, and its containers do what they should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.emulator.server import Emulator
from tests.project.repository import ROOT
from tests.support.cli import COMMAND, Shell
from tests.support.ports import free_port
from tests.support.programs import KUSTOMIZE, program
from tests.support.workers import wait_until

FOLDER = ROOT / "deploy" / "kubernetes"
SECRET = "a-password-from-the-secret"


@pytest.fixture(params=["base", "example", "shared"])
def built(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What kustomize makes of the base, of the example, and of the base with the component for several processes."""
    folder = FOLDER / request.param
    if request.param == "shared":
        folder = tmp_path / "overlay"
        folder.mkdir()
        near = Path(os.path.relpath(FOLDER, folder))
        overlay = {"resources": [str(near / "base")], "components": [str(near / "shared")]}
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return build(folder)


def build(folder: Path) -> str:
    """The manifests of a folder."""
    done = subprocess.run(
        [program(KUSTOMIZE), "build", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def resources(text: str) -> dict[tuple[str, str], Any]:
    """The manifests by kind and name."""
    parsed = [one for one in yaml.safe_load_all(text) if one]
    return {(one["kind"], one["metadata"]["name"]): one for one in parsed}


def pods(found: dict[tuple[str, str], Any]) -> Iterator[Any]:
    """The specifications of all pods."""
    yield found["Deployment", "reconcile-serve"]["spec"]["template"]
    yield found["CronJob", "reconcile-drift"]["spec"]["jobTemplate"]["spec"]["template"]


def test_the_manifests_are_valid(built: str, tmp_path: Path) -> None:
    """Every field is one that Kubernetes knows, in an old version and in the newest."""
    file = tmp_path / "all.yaml"
    file.write_text(built)
    validate = Path(sys.executable).with_name("kubernetes-validate")
    for version in ("1.29", "1.37"):
        done = subprocess.run(
            [validate, "--strict", "-k", version, file], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_pods_have_no_rights_to_spare(built: str) -> None:
    """No root, no writable image, no capability, no token for the cluster, no variables of other services."""
    for pod in pods(resources(built)):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        (container,) = spec["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert not any("value" in one for one in container["env"] if "SECRET" in one["name"])


def test_the_user_is_that_of_the_image() -> None:
    """A volume that one may write, the other may, too."""
    image = (ROOT / "Containerfile").read_text()
    for pod in pods(resources(build(FOLDER / "base"))):
        security = pod["spec"]["securityContext"]
        assert f"USER {security['runAsUser']}:{security['runAsGroup']}\n" in image


def test_what_selects_pods_finds_them(built: str) -> None:
    """The service, the policies and the budget mean labels that pods have; volumes that are mounted are there."""
    found = resources(built)
    labels = [pod["metadata"]["labels"] for pod in pods(found)]
    selectors = [found["Service", "reconcile"]["spec"]["selector"]]
    for (kind, _), one in found.items():
        if kind in ("NetworkPolicy", "PodDisruptionBudget"):
            key = "podSelector" if kind == "NetworkPolicy" else "selector"
            selectors.append(one["spec"][key]["matchLabels"])
    for selector in selectors:
        assert sum(selector.items() <= one.items() for one in labels) == 1, selector
    for pod in pods(found):
        (container,) = pod["spec"]["containers"]
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
        for volume in volumes.values():
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            assert claim is None or ("PersistentVolumeClaim", claim) in found


def test_an_overlay_rolls_out_its_configuration() -> None:
    """The generated name changes with the file, and pods mean that name; namespace and image are the overlay's."""
    found = resources(build(FOLDER / "example"))
    (config,) = [one for (kind, _), one in found.items() if kind == "ConfigMap"]
    for pod in pods(found):
        volume = next(one for one in pod["spec"]["volumes"] if one["name"] == "config")
        assert volume["configMap"]["name"] == config["metadata"]["name"] != "reconcile-config"
        image = pod["spec"]["containers"][0]["image"]
        assert image == "registry.example/livekit-reconciler:0.1.0"
    assert {one["metadata"]["namespace"] for one in found.values()} == {"livekit"}
    assert (
        Shell(ROOT).run("validate", "--config", str(FOLDER / "example" / "dispatch.yaml")).code == 0
    )
    assert config["data"]["dispatch.yaml"] == (FOLDER / "example" / "dispatch.yaml").read_text()


def test_one_process_is_alone_and_several_share() -> None:
    """With a journal of its own the old process goes before the new one comes."""
    deployment = resources(build(FOLDER / "base"))["Deployment", "reconcile-serve"]
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


@dataclass(slots=True)
class Node:
    """Starts containers of the example on this machine: their arguments, variables and mounts."""

    folder: Path
    server: Emulator
    port: int = field(default_factory=free_port)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("etc", "var", "image"):
            (self.folder / name).mkdir()
        (self.folder / "image").chmod(0o555)

    def start(self, component: str) -> subprocess.Popen[bytes]:
        """The container of `drift` or `serve`."""
        found = resources(build(FOLDER / "example"))
        for (kind, _), one in found.items():
            if kind == "ConfigMap":
                for name, text in one["data"].items():
                    (self.folder / "etc" / name).write_text(text)
        pod = next(
            one
            for one in pods(found)
            if one["metadata"]["labels"]["app.kubernetes.io/component"] == component
        )
        (container,) = pod["spec"]["containers"]
        environ = {one["name"]: self._here(one["value"]) for one in container["env"]}
        secret = {
            "LIVEKIT_URL": self.server.url,
            "LIVEKIT_API_KEY": self.server.api_key,
            "LIVEKIT_API_SECRET": self.server.api_secret,
            "CARRIER_SIP_PASSWORD": SECRET,
        }
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*COMMAND, *(self._here(argument) for argument in container["args"])],
                cwd=self.folder / "image",
                env={"PATH": os.environ["PATH"], **environ, **secret},
                stdout=log,
                stderr=log,
            )
        self.started.append(process)
        return process

    def answers(self, path: str) -> bool:
        """Whether a probe of that path would be content."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=5
            ) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def log(self) -> str:
        """What the last container printed."""
        return (self.folder / "log").read_text()

    def _here(self, text: str) -> str:
        """What stands for a path, an address or a port of the container on this machine."""
        places = {
            "/etc/reconcile": self.folder / "etc",
            "/var/lib/reconcile": self.folder / "var",
            "0.0.0.0": "127.0.0.1",  # noqa: S104  # what is replaced
            "8080": self.port,
        }
        for place, local in places.items():
            text = text.replace(place, str(local))
        return text


@pytest.fixture
def node(tmp_path: Path, livekit_emulator: Emulator) -> Iterator[Node]:
    """A machine for containers; whatever runs at the end is stopped."""
    node = Node(tmp_path, livekit_emulator)
    yield node
    for process in node.started:
        process.kill()
        process.wait()


def test_the_cron_job_tells_drift_by_its_exit_code(node: Node) -> None:
    """2 while the project is not what the file says, which fails the job, and 0 once it is; its state is kept."""
    assert node.start("drift").wait(timeout=60) == 2, node.log()
    assert (node.folder / "var" / "drift.json").exists()
    shell = Shell(node.folder).connect(node.server)
    shell.environ["CARRIER_SIP_PASSWORD"] = SECRET
    file = str(FOLDER / "example" / "dispatch.yaml")
    assert shell.run("apply", "-c", file, "--auto-approve").code == 0
    assert node.start("drift").wait(timeout=60) == 0, node.log()


def test_the_deployment_answers_its_probes_and_ends_when_asked(node: Node) -> None:
    """Live, then ready; SIGTERM is exit code 0 before Kubernetes would kill it; the journal is in its volume."""
    deployment = resources(build(FOLDER / "base"))["Deployment", "reconcile-serve"]
    spec = deployment["spec"]["template"]["spec"]
    process = node.start("serve")
    for probe in ("livenessProbe", "readinessProbe"):
        path = spec["containers"][0][probe]["httpGet"]["path"]
        wait_until(partial(node.answers, path), node.log)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=spec["terminationGracePeriodSeconds"]) == 0
    assert (node.folder / "var" / "journal.db").exists()
