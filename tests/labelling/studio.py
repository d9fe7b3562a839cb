"""The real Label Studio on this machine with a database of its own, and the calls of a labeller's work.

Owns no expectation.
"""

import json
import os
import pathlib
import shutil
import subprocess
import time
from typing import Any

import requests

from bench.clusters.ports import find_free_port
from hack.label_studio.installation import OFFLINE, find_program, install

TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - of a database that is thrown away
START_SECONDS = 240.0
PRIVATE_BACKENDS = {"ML_BLOCK_LOCAL_IP": "false", "USE_DEFAULT_BANNED_SUBNETS": "false"}
"""What docs/labelling.md says is needed; the second for the webhook that it registers with each connection."""
USER = "labeller@example.com"


class LabelStudio:
    """The process, and its API. It may ask backends at loopback addresses."""

    def __init__(self, folder: pathlib.Path) -> None:
        environment_folder = install()
        data = folder / "label-studio"
        shutil.copytree(environment_folder / "empty", data)
        port = find_free_port()
        self.address = f"http://127.0.0.1:{port}"
        environment = {**os.environ, **OFFLINE, **PRIVATE_BACKENDS, "LABEL_STUDIO_BASE_DATA_DIR": str(data)}
        command = [str(find_program(environment_folder)), "start", "--no-browser", "--port", str(port)]
        command += ["--internal-host", "127.0.0.1", "--host", self.address, "--data-dir", str(data)]
        command += ["--username", USER, "--password", TOKEN, "--user-token", TOKEN, "--enable-legacy-api-token"]
        self._log = (folder / "label-studio.log").open("w")
        self._process = subprocess.Popen(command, env=environment, stdout=self._log, stderr=subprocess.STDOUT)

    def wait(self) -> None:
        """Wait until it answers."""
        ends_at = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < ends_at
            assert self._process.poll() is None
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/health", timeout=5).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(40)
        self._log.close()

    def call(self, method: str, path: str, body: Any = None, files: Any = None) -> Any:
        """Return what a call of the API answers."""
        headers = {"Authorization": f"Token {TOKEN}"}
        answer = requests.request(method, f"{self.address}{path}", json=body, files=files, headers=headers, timeout=120)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content else None

    def create_project(self, title: str, label_config: str) -> int:
        """Return the number of a new project."""
        number: int = self.call("POST", "/api/projects/", {"title": title, "label_config": label_config})["id"]
        return number

    def connect(self, project: int, url: str, password: str) -> dict[str, Any]:
        """Connect a backend and return what Label Studio says of it."""
        connection = {"url": url, "project": project, "title": "darkroom", "auth_method": "BASIC_AUTH"}
        login = {"basic_auth_user": "darkroom", "basic_auth_pass": password}
        found: dict[str, Any] = self.call("POST", "/api/ml", connection | login)
        return found

    def import_tasks(self, project: int, tasks: list[dict[str, Any]]) -> None:
        """Import tasks, some of which may be labelled."""
        self.call("POST", f"/api/projects/{project}/import?commit_to_project=true", tasks)

    def upload(self, project: int, path: pathlib.Path) -> None:
        """Upload a picture, which becomes a task."""
        with path.open("rb") as file:
            self.call("POST", f"/api/projects/{project}/import", files={path.name: (path.name, file, "image/png")})

    def retrieve_predictions(self, project: int) -> None:
        """Ask the connected backend for predictions of all tasks, as the button on the page does."""
        everything = {"selectedItems": {"all": True, "excluded": []}}
        self.call("POST", f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}", everything)

    def list_tasks(self, project: int) -> list[dict[str, Any]]:
        """Return all tasks, with their annotations and predictions."""
        found = self.call("GET", f"/api/tasks?project={project}&fields=all&page_size=1000")
        tasks: list[dict[str, Any]] = found["tasks"]
        return tasks

    def submit(self, task: int, result: list[dict[str, Any]], prediction: int | None = None) -> None:
        """Submit what a labeller says of a task."""
        body = {"result": result} | ({"parent_prediction": prediction} if prediction is not None else {})
        self.call("POST", f"/api/tasks/{task}/annotations/", body)

    def skip(self, task: int) -> None:
        """Skip a task."""
        self.call("POST", f"/api/tasks/{task}/annotations/", {"result": [], "was_cancelled": True})

    def export(self, project: int, path: pathlib.Path) -> None:
        """Write the export of the finished tasks."""
        found = self.call("GET", f"/api/projects/{project}/export?exportType=JSON")
        path.write_text(json.dumps(found))
