"""The `darkroom` command: run, samples, predict, prelabel, add-product, export, labels, migrate, serve, planogram,
rectify, stitch.

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

from darkroom_api.names import BUCKET_SCHEMES
from darkroom_storage.errors import StorageError, StorageMisconfigured
from darkroom_trainer.local import model_commands, shelf_commands
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
_PLACE: Final = "a folder, s3://bucket/prefix or az://container/prefix"
_ENDPOINT: Final = "S3-compatible service of an s3:// address (AWS when absent), or account of an az:// one"


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
        extra = "migrate" if parsed.command == "migrate" else _find_extra((error.name or "").partition(".")[0])
        print_error(f"{error.name} is not installed: pip install 'darkroom[{extra}]'")
        return EXIT_FAILED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        print_error("interrupted")
        return EXIT_INTERRUPTED


def _find_extra(module: str) -> str:
    if module == "scipy":
        return "shelf"
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
    _add_prelabel(commands)
    _add_add_product(commands)
    _add_export(commands)
    _add_labels(commands)
    _add_migrate(commands)
    _add_serve(commands)
    shelf_commands.add_commands(commands)
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
        "--volume", type=_volume, action="append", default=[], metavar="CLAIM=FOLDER",
        help="folder that stands for the PersistentVolumeClaim of that name; may be given several times",
    )  # fmt: skip
    run.add_argument(
        "--picture-cache", type=_folder, metavar="DIR",
        help="folder that keeps decoded images, so that further runs of the same data need not decode them again",
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
    samples.add_argument("--to", required=True, metavar="TARGET", help=_PLACE)
    samples.add_argument("--shots", type=_positive, metavar="N", help="keep N training digits of each class")
    samples.add_argument("--seed", type=_natural, default=0, metavar="S", help="same seed, same files (default 0)")
    samples.add_argument("--endpoint", metavar="URL", help=_ENDPOINT)


def _add_predict(commands: Commands) -> None:
    about = "print what a trained model sees in images, as JSON"
    predict = commands.add_parser("predict", help=about, description=f"{about.capitalize()}.")
    predict.add_argument("model", type=pathlib.Path, metavar="MODEL", help="a model's folder, or its model.onnx alone")
    predict.add_argument("images", type=pathlib.Path, nargs="+", metavar="IMAGE", help="images to look at")
    predict.add_argument("--picture", type=pathlib.Path, metavar="PNG", help="draw the predictions into this file")
    predict.add_argument("--threads", type=_positive, metavar="N", help="threads to compute with (default: all cores)")


def _add_prelabel(commands: Commands) -> None:
    about = "let a trained model propose labels for images that have none, to be reviewed"
    prelabel = commands.add_parser("prelabel", help=about, description=f"{about.capitalize()}.")
    prelabel.add_argument("model", type=_folder, metavar="MODEL", help="a finished model's folder")
    prelabel.add_argument("--images", type=_place, required=True, metavar="PLACE", help=_PLACE)
    prelabel.add_argument(
        "--labelled", type=_place, metavar="FILE",
        help="COCO file of the images that are labelled already: they, and copies of them, are passed over",
    )  # fmt: skip
    prelabel.add_argument("--to", type=_place, required=True, metavar="PLACE", help=_PLACE)
    prelabel.add_argument(
        "--threshold", type=_share, metavar="T", help="least score of a label, between 0 and 1 (default: the model's)"
    )
    prelabel.add_argument("--endpoint", metavar="URL", help=_ENDPOINT)


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
    vision.add_argument("--to", required=True, metavar="TARGET", help=_PLACE)
    vision.add_argument("--key-file", type=pathlib.Path, metavar="FILE", help="a file with the training key")
    vision.add_argument(
        "--allow-url", action="append", default=[], metavar="URL",
        help="https://HOST at a private address that images may be read from; may be given several times",
    )  # fmt: skip
    vision.add_argument("--storage-endpoint", metavar="URL", help=f"of --to: {_ENDPOINT}")


def _add_labels(commands: Commands) -> None:
    about = "put labels that people reviewed together with those that were there"
    labels = commands.add_parser("labels", help=about, description=f"{about.capitalize()}.")
    merge = labels.add_subparsers(dest="action", required=True, metavar="ACTION").add_parser(
        "merge", help=about, description=f"{about.capitalize()}: one COCO file to train with."
    )
    merge.add_argument(
        "--base", required=True, type=pathlib.Path, metavar="FILE", help="the COCO file with the first labels"
    )
    merge.add_argument(
        "--reviewed", required=True, type=pathlib.Path, nargs="+", action="extend", metavar="FILE",
        help="Label Studio's JSON export, a COCO file of another tool, or a reviewed.json of Darkroom's page",
    )  # fmt: skip
    merge.add_argument("--to", required=True, type=pathlib.Path, metavar="FILE", help="the file to write")
    merge.add_argument("--add-tags", action="store_true", help="take tags that the base does not have")


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
    serve.add_argument(
        "--product-model", metavar="MODEL",
        help="product recognizer behind the retired service's ms-pretrained-product-detection (default: none)",
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


def _place(text: str) -> str:
    if "://" in text and not text.startswith(BUCKET_SCHEMES):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a path nor an s3:// or az:// address")
    return text


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return share


def _folder(text: str) -> pathlib.Path:
    path = pathlib.Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    return path


def _volume(text: str) -> tuple[str, pathlib.Path]:
    claim, separator, folder = text.partition("=")
    if not claim or not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not CLAIM=FOLDER")
    return claim, _folder(folder).absolute()


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
    volumes = dict(arguments.volume)
    output = arguments.output.absolute()
    pictures = arguments.picture_cache.absolute() if arguments.picture_cache is not None else None
    return run_files(
        arguments.filename, output, arguments.weights, volumes, embedded_weights=embedded, pictures=pictures
    )


def _samples(arguments: argparse.Namespace) -> int:
    from darkroom_trainer.samples import output, sets

    files = sets.build_sample(sets.SampleKind(arguments.kind), arguments.shots, arguments.seed)
    try:
        count = output.write_sample(files, arguments.to, arguments.endpoint)
    except (ValueError, output.NotASample) as error:
        print_error(str(error))
        return EXIT_USAGE
    print(f"wrote {count:,} files to {arguments.to}: images/, train.json, eval.json")
    print(sets.describe_next_step(sets.SampleKind(arguments.kind), arguments.to, arguments.endpoint))
    return EXIT_OK


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


def _labels(arguments: argparse.Namespace) -> int:
    from darkroom_labels.command import MergeOrder, run_merge

    return run_merge(MergeOrder(arguments.base, arguments.reviewed, arguments.to, add_tags=arguments.add_tags))


def _serve(arguments: argparse.Namespace) -> int:
    if (arguments.tls_cert is None) != (arguments.tls_key is None):
        print_error("--tls-cert and --tls-key belong together")
        return EXIT_USAGE
    from darkroom_server.command import LocalOptions, run_serve

    return run_serve(
        LocalOptions(
            folder=arguments.local.absolute(),
            host=arguments.host,
            port=arguments.port,
            certificate=arguments.tls_cert,
            certificate_key=arguments.tls_key,
            key_file=arguments.key_file,
            allowed_urls=tuple(arguments.allow_url),
            allowed_folders=tuple(folder.resolve() for folder in arguments.allow_folder or [pathlib.Path.cwd()]),
            product_model=arguments.product_model,
        )
    )


_COMMANDS: Final = {
    **{"run": _run, "samples": _samples, "predict": model_commands.predict, "prelabel": model_commands.prelabel},
    **{"add-product": model_commands.add_product, "export": model_commands.export, "labels": _labels},
    **{"migrate": _migrate, "serve": _serve},
    **{"planogram": shelf_commands.planogram, "rectify": shelf_commands.rectify, "stitch": shelf_commands.stitch},
}

if __name__ == "__main__":
    sys.exit(main())
