"""What measuring may not need."""

import os
import subprocess
import sys


def test_measuring_needs_no_torch() -> None:
    """Where only onnxruntime is installed, predictions are still measured."""
    code = "import sys; sys.modules['torch'] = None; import darkroom_trainer.metrics.record"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)})
