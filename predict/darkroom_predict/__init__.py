"""Answers from a finished model without torch: read its folder or ONNX file, decode its outputs, write the answers.

Owns the forms of predictions, `model.json` and answers. Needs numpy, Pillow and onnxruntime; must not import torch, the
trainer or the operator.
"""
