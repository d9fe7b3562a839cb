"""Files that are no model."""

import pathlib

import pytest

from darkroom_predict import onnx_session
from darkroom_predict.errors import ModelUnusable


@pytest.mark.parametrize("content", [b"", b"not a model at all"], ids=["empty", "text"])
def test_a_file_that_is_no_model_is_named(content: bytes, tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(ModelUnusable, match=r"a\.onnx is no ONNX model"):
        onnx_session.OnnxModel(tmp_path / "a.onnx")
