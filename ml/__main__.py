"""The command line of `ml`: `python -m ml COMMAND …`.

Each command is a module with `main(arguments) -> int`. Commands of the laboratory need
`requirements.txt`; `verify` needs only the server's packages.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "verify": ("ml.verify", "compare two pictures, or each pair of a table"),
    "train": ("ml.lab.training.train", "train a model from a TOML file and install it"),
    "evaluate": ("ml.lab.evaluation.evaluate", "measure models on LFW, a table or a folder"),
    "calibrate": ("ml.lab.calibration.calibrate", "measure error rates and set the threshold"),
    "fairness": ("ml.lab.fairness.demographic_differentials", "compare false matches of groups"),
    "convert onnx": ("ml.lab.convert.onnx", "export a model, or install an ONNX file"),
    "convert detector": ("ml.lab.convert.detector", "convert the detector's networks to ONNX"),
    "convert open": ("ml.lab.convert.resnet29", "convert dlib's weights to the model `open`"),
    "convert compact": ("ml.lab.convert.mobilefacenet", "convert weights to the model `compact`"),
    "convert research": ("ml.lab.convert.duet", "combine both to the model `research`"),
    "bench": ("ml.lab.benchmarks.stages", "time each stage from picture to score"),
    "bench models": ("ml.lab.benchmarks.models", "time one face with each model"),
    "bench peers": ("ml.lab.benchmarks.peers", "time PyPI's face_recognition for comparison"),
    "bench detectors": ("ml.lab.benchmarks.detectors", "compare the detector with mtcnn's"),
    "bench liveness": ("ml.lab.benchmarks.liveness", "time a liveness check"),
    "liveness measure": ("ml.lab.liveness.measure", "count simulated attacks that pass"),
    "liveness simulate": ("ml.lab.liveness.simulate", "write a video for a browser's fake camera"),
}
MISSING_LABORATORY = (
    "{module} is not installed. The laboratory needs more packages than the server. Run: "
    "pip install -r requirements.txt -c constraints.txt"
)


def main(arguments: Sequence[str]) -> int:
    """Run the command named by the first one or two arguments; return its exit status."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else 2
    for words in (2, 1):
        name = " ".join(arguments[:words])
        if name in COMMANDS:
            return _run(name, arguments[words:])
    print(f"There is no command {arguments[0]!r}.\n\n{usage()}", file=sys.stderr)
    return 2


def usage() -> str:
    """Return the text of `--help`."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {about}" for name, (_, about) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: python -m ml COMMAND [OPTION …]",
            "",
            "Siamese networks for faces: compare, train, measure.",
            "",
            *lines,
            "",
            "`python -m ml COMMAND --help` lists the options of a command.",
        ]
    )


def renamed(old: str, new: str) -> int:
    """Print the new spelling of a former module's command; return exit status 2."""
    print(f"`python -m ml.{old}` is now `python -m ml {new}`.", file=sys.stderr)
    return 2


def _run(name: str, arguments: Sequence[str]) -> int:
    try:
        module = importlib.import_module(COMMANDS[name][0])
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == "ml":
            raise
        print(MISSING_LABORATORY.format(module=error.name), file=sys.stderr)
        return 2
    return int(module.main(list(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
