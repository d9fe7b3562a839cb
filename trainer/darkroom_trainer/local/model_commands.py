"""The commands of `darkroom` that use a finished model's folder: predict, prelabel, add-product, export.

Owns which code carries each out, brought in when it is wanted: some of it brings in torch, which `predict` does not
need. Must not do: the work itself. Each returns an exit code.
"""

import argparse


def predict(arguments: argparse.Namespace) -> int:
    """Print what a model sees in images."""
    from darkroom_predict.command import run_predict
    from darkroom_trainer.prediction.weights_model import open_weights

    return run_predict(arguments.model, arguments.images, arguments.picture, arguments.threads, open_weights)


def prelabel(arguments: argparse.Namespace) -> int:
    """Propose labels for images."""
    from darkroom_trainer.local.prelabelling import PrelabelOptions, run_prelabel

    return run_prelabel(
        PrelabelOptions(
            model=arguments.model,
            images=arguments.images,
            to=arguments.to,
            labelled=arguments.labelled,
            threshold=arguments.threshold,
            endpoint=arguments.endpoint,
        )
    )


def add_product(arguments: argparse.Namespace) -> int:
    """Teach a product recognizer one more product."""
    from darkroom_trainer.prediction.products import run_add_product

    return run_add_product(arguments.model, arguments.name, arguments.image, arguments.box)


def export(arguments: argparse.Namespace) -> int:
    """Write a model's missing ONNX file."""
    from darkroom_trainer.prediction.exporting import run_export

    return run_export(arguments.model, arguments.images)
