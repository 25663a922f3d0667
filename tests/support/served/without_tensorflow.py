"""A process that enrols, verifies and identifies without TensorFlow and related packages.

`tests/integration/serving/test_without_tensorflow.py` runs it. It prints its results as JSON and
its log to standard error.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path

LABORATORY = frozenset(
    {"tensorflow", "keras", "mtcnn", "ai_edge_litert", "onnx", "tf2onnx", "h5py", "tensorboard"}
)


class Missing(MetaPathFinder):
    """Makes imports of the laboratory's packages fail, as on a server without them."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name.partition(".")[0] in LABORATORY:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, Missing())

from tests.support import faces, performing  # noqa: E402
from tests.support.installation import CHEAP, OPERATOR, PASSWORD, Visitor, words  # noqa: E402
from webapp import create_app  # noqa: E402
from webapp.core.actor import SERVER  # noqa: E402
from webapp.db.models import ChallengeScope, Role  # noqa: E402
from webapp.inference.active_model import active_model  # noqa: E402
from webapp.services.accounts import accounts  # noqa: E402
from webapp.services.liveness import setting  # noqa: E402
from webapp.services.liveness.setting import Liveness  # noqa: E402
from webapp.services.matching.verification import verify_by_challenge  # noqa: E402
from webapp.settings import Settings  # noqa: E402
from webapp.startup.prepare import get_ready, prepare  # noqa: E402


def main(instance: Path) -> dict[str, object]:
    settings = Settings(instance=instance, password_cost=CHEAP)
    with create_app(settings).app_context():
        prepare()
        accounts.create_account(OPERATOR, PASSWORD, Role.OPERATOR, SERVER)
    app = create_app(performing.always_alike(settings))
    get_ready(app)
    found: dict[str, object] = {}
    with app.app_context():
        operator = Visitor(app)
        operator.sign_in(OPERATOR)
        for number, person in enumerate(faces.people()[:2]):
            fields = {"identifier": f"person-{number}", "name": f"Person {number}", "consent": "y"}
            answer = operator.post("/people/new", {"images": person.photos[:2]}, **fields)
            found[f"enrolled {number}"] = answer.status_code
        probe = faces.people()[0].photos[2]
        seen = operator.post("/identify", {"frames": [probe]})
        found["identified"] = "Person 0" in words(seen)
        setting.change(Liveness(ChallengeScope.ENROLMENT, "gentle"), "a test", SERVER)
        engine = active_model().engine
        challenge = performing.perform(performing.live(engine), "person-0")
        found["verified"] = verify_by_challenge(
            challenge, performing.HOLDER, "person-0", SERVER
        ).match
        listed = app.test_cli_runner().invoke(args=["models", "list"])
        found["models"] = listed.exit_code
    found["imported"] = sorted(LABORATORY & {name.partition(".")[0] for name in sys.modules})
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(main(Path(folder))))
