"""The `darkroom` command: run, samples, predict, add-product, export, migrate, serve.

Owns arguments, exit codes and last words. Must not do: the work itself, or import torch before it is needed.
"""

import argparse
import contextlib
import importlib.metadata
import os
import pathlib
import sys
from collections.abc import Sequence
from typing import Final, TypeAlias

from darkroom_storage.errors import StorageError, StorageMisconfigured
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.logs import print_error, setup_plain_logs

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130
PREDICT_MODULES: Final = ("numpy", "PIL", "onnxruntime")
"""What the extra `predict` brings."""
SERVER_MODULES: Final = ("starlette", "uvicorn", "multipart")
"""What the extra `server` brings beside it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 failed, 2 wrong arguments, 64 wrong manifests, 130 Ctrl-C."""
    parsed = build_parser().parse_args(arguments)
    setup_plain_logs()
    try:
        return _COMMANDS[parsed.command](parsed)
    except (StorageError, StorageMisconfigured, RunError) as error:
        print_error(str(error))
        return EXIT_FAILED
    except ModuleNotFoundError as error:
        extra = "migrate" if parsed.command == "migrate" else _find_extra(error.name or "")
        print_error(f"{error.name} is not installed: pip install 'darkroom[{extra}]'")
        return EXIT_FAILED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        print_error("interrupted")
        return EXIT_INTERRUPTED


def _find_extra(module: str) -> str:
    if module in SERVER_MODULES:
        return "server"
    return "predict" if module in PREDICT_MODULES else "trainer"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="darkroom", description="Train custom vision models on a compute budget.")
    parser.add_argument("--version", action="version", version=f"darkroom {_find_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_samples(commands)
    _add_predict(commands)
    _add_add_product(commands)
    _add_export(commands)
    _add_migrate(commands)
    _add_serve(commands)
    return parser


def _find_version() -> str:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version("darkroom")
    return "(not installed)"


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add_run(commands: Commands) -> None:
    about = "run manifests on this machine, without a cluster"
    run = commands.add_parser("run", help=about, description=f"{about.capitalize()}.")
    run.add_argument(
        "-f", "--filename", action="append", required=True, metavar="PATH",
        help="a manifest, a folder of manifests, or - for standard input; may be given several times",
    )  # fmt: skip
    run.add_argument(
        "--output", type=pathlib.Path, required=True, metavar="OUT",
        help="folder for resources.yaml and artifacts/; what an earlier run left there is set aside",
    )  # fmt: skip
    run.add_argument(
        "--weights", type=_folder, metavar="DIR",
        help="folder with pretrained networks, as NAME.safetensors by their timm names",
    )  # fmt: skip
    run.add_argument(
        "--no-embedded-weights", action="store_true", help="use none of the pretrained networks that come with darkroom"
    )


def _add_samples(commands: Commands) -> None:
    about = "write a sample dataset: real handwritten digits, scenes cut from photographs, or drawn pictures"
    samples = commands.add_parser("samples", help=about, description=f"{about.capitalize()}.")
    samples.add_argument(
        "kind", choices=("digits", "digit-scenes", "photos", "shapes", "shelves"),
        help="digits to classify, digits or flowers in photographs to detect, shapes with any number of tags, or "
        "shelves of products",
    )  # fmt: skip
    samples.add_argument("--to", required=True, metavar="TARGET", help="a folder, or s3://bucket/prefix")
    samples.add_argument("--shots", type=_positive, metavar="N", help="keep N training digits of each class")
    samples.add_argument("--seed", type=_natural, default=0, metavar="S", help="same seed, same files (default 0)")
    samples.add_argument("--endpoint", metavar="URL", help="S3-compatible service; AWS when absent")


def _add_predict(commands: Commands) -> None:
    about = "print what a trained model sees in images, as JSON"
    predict = commands.add_parser("predict", help=about, description=f"{about.capitalize()}.")
    predict.add_argument("model", type=pathlib.Path, metavar="MODEL", help="a model's folder, or its model.onnx alone")
    predict.add_argument("images", type=pathlib.Path, nargs="+", metavar="IMAGE", help="images to look at")
    predict.add_argument("--picture", type=pathlib.Path, metavar="PNG", help="draw the predictions into this file")
    predict.add_argument("--threads", type=_positive, metavar="N", help="threads to compute with (default: all cores)")


def _add_add_product(commands: Commands) -> None:
    about = "teach a product recognizer one more product from one image, without training"
    add = commands.add_parser("add-product", help=about, description=f"{about.capitalize()}.")
    add.add_argument("model", type=pathlib.Path, metavar="MODEL_DIR", help="a finished model's folder; it is changed")
    add.add_argument("--name", required=True, metavar="NAME", help="the product's tag")
    add.add_argument("--image", type=pathlib.Path, required=True, metavar="FILE", help="an image of it")
    add.add_argument(
        "--box", type=_box, metavar="L,T,W,H",
        help="where it is in the image, relative or in pixels (default: it fills the image)",
    )  # fmt: skip


def _add_export(commands: Commands) -> None:
    about = "write the model.onnx of a finished model that has none"
    export = commands.add_parser("export", help=about, description=f"{about.capitalize()}.")
    export.add_argument("model", type=pathlib.Path, metavar="MODEL_DIR", help="a finished model's folder")
    export.add_argument(
        "images", type=pathlib.Path, nargs="+", metavar="IMAGE",
        help="images on which the file has to answer as the weights do",
    )  # fmt: skip


def _add_migrate(commands: Commands) -> None:
    about = "copy a project of another service, as a Dataset and a Model"
    migrate = commands.add_parser("migrate", help=about, description=f"{about.capitalize()}.")
    sources = migrate.add_subparsers(dest="source", required=True, metavar="SERVICE")
    about = "copy the images, tags and boxes of a Custom Vision project"
    vision = sources.add_parser(
        "custom-vision", help=about,
        description=f"{about[0].upper()}{about[1:]}. The same command again copies what is missing.",
        epilog="The training key is read from --key-file or from the variable VISION_TRAINING_KEY.",
    )  # fmt: skip
    vision.add_argument(
        "--endpoint", required=True, metavar="URL",
        help="the training resource's endpoint, https://NAME.cognitiveservices.azure.com",
    )  # fmt: skip
    vision.add_argument("--project", required=True, metavar="PROJECT", help="the project's id or name")
    vision.add_argument("--to", required=True, metavar="TARGET", help="a folder, or s3://bucket/prefix")
    vision.add_argument("--key-file", type=pathlib.Path, metavar="FILE", help="a file with the training key")
    vision.add_argument(
        "--allow-url", action="append", default=[], metavar="URL",
        help="https://HOST at a private address that images may be read from; may be given several times",
    )  # fmt: skip
    vision.add_argument("--storage-endpoint", metavar="URL", help="S3-compatible service of --to; AWS when absent")


def _add_serve(commands: Commands) -> None:
    about = "answer over HTTP as the retired service did: datasets, models and predictions by name"
    serve = commands.add_parser("serve", help=about, description=f"{about.capitalize()}.")
    serve.add_argument("--local", type=pathlib.Path, required=True, metavar="DIR", help="folder that keeps everything")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    serve.add_argument("--port", type=_positive, default=8080, help="port to listen on (default 8080)")
    serve.add_argument(
        "--key-file", type=pathlib.Path, metavar="FILE",
        help="file with the key that callers show (default: one is generated, kept in DIR and printed)",
    )  # fmt: skip
    serve.add_argument(
        "--allow-url", action="append", default=[], type=_web_address, metavar="PREFIX",
        help="beginning of addresses at private or loopback hosts that may be fetched; may be given several times",
    )  # fmt: skip
    serve.add_argument(
        "--allow-folder", action="append", default=[], type=_folder, metavar="FOLDER",
        help="folder of this machine whose files datasets may name (default: the one it is started in)",
    )  # fmt: skip
    serve.add_argument("--tls-cert", type=pathlib.Path, metavar="FILE", help="certificate in PEM, for https")
    serve.add_argument("--tls-key", type=pathlib.Path, metavar="FILE", help="its key in PEM")


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with http:// or https://")
    return text


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        left, top, width, height = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not left,top,width,height") from error
    return left, top, width, height


def _folder(text: str) -> pathlib.Path:
    path = pathlib.Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    return path


def _positive(text: str) -> int:
    return _bounded(text, 1)


def _natural(text: str) -> int:
    return _bounded(text, 0)


def _bounded(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from error
    if number < least:
        raise argparse.ArgumentTypeError(f"{number} is less than {least}")
    return number


def _run(arguments: argparse.Namespace) -> int:
    from darkroom_trainer.local.manifest_runs import run_files

    embedded = not arguments.no_embedded_weights
    return run_files(arguments.filename, arguments.output.absolute(), arguments.weights, embedded_weights=embedded)


def _samples(arguments: argparse.Namespace) -> int:
    from darkroom_storage.objects import find_root
    from darkroom_trainer.samples import output, sets

    files = sets.build_sample(sets.SampleKind(arguments.kind), arguments.shots, arguments.seed)
    try:
        count = output.write_sample(files, arguments.to, arguments.endpoint)
    except (ValueError, output.NotASample) as error:
        print_error(str(error))
        return EXIT_USAGE
    print(f"wrote {count:,} files to {arguments.to}: images/, train.json, eval.json")
    root = find_root(arguments.to)
    print(sets.describe_next_step(sets.SampleKind(arguments.kind), root, arguments.endpoint))
    return EXIT_OK


def _predict(arguments: argparse.Namespace) -> int:
    from darkroom_predict.command import run_predict
    from darkroom_trainer.prediction.weights_model import open_weights

    return run_predict(arguments.model, arguments.images, arguments.picture, arguments.threads, open_weights)


def _add_product(arguments: argparse.Namespace) -> int:
    from darkroom_trainer.prediction.products import run_add_product

    return run_add_product(arguments.model, arguments.name, arguments.image, arguments.box)


def _export(arguments: argparse.Namespace) -> int:
    from darkroom_trainer.prediction.exporting import run_export

    return run_export(arguments.model, arguments.images)


def _migrate(arguments: argparse.Namespace) -> int:
    from darkroom_migrate.command import Order, run_migrate

    return run_migrate(
        Order(
            endpoint=arguments.endpoint,
            project=arguments.project,
            to=arguments.to,
            key_file=arguments.key_file,
            allowed_urls=arguments.allow_url,
            storage_endpoint=arguments.storage_endpoint,
        )
    )


def _serve(arguments: argparse.Namespace) -> int:
    if (arguments.tls_cert is None) != (arguments.tls_key is None):
        print_error("--tls-cert and --tls-key belong together")
        return EXIT_USAGE
    from darkroom_server.command import LocalOptions, run_serve
    from darkroom_server.serving import Place

    place = Place(arguments.host, arguments.port, arguments.tls_cert, arguments.tls_key)
    folders = tuple(folder.resolve() for folder in arguments.allow_folder or [pathlib.Path.cwd()])
    folder = arguments.local.absolute()
    return run_serve(LocalOptions(folder, place, arguments.key_file, tuple(arguments.allow_url), folders))


_COMMANDS: Final = {
    **{"run": _run, "samples": _samples, "predict": _predict},
    **{"add-product": _add_product, "export": _export, "migrate": _migrate, "serve": _serve},
}

if __name__ == "__main__":
    sys.exit(main())
