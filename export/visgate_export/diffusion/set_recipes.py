"""Makes the recipes of a set of diffusion networks, which the pipeline takes as any others; runs none of them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from visgate_export.diffusion.network_set import NetworkSet, Part, Precision
from visgate_export.recipe import ExtraFile, Materials, NetworkRecipe, ParityReport
from visgate_export.sources import Member

if TYPE_CHECKING:
    import onnx

    from visgate_export.diffusion.parity_checks import Tolerances
    from visgate_export.torch_export import SharedTraces

MODEL = "diffusion"
"""The Triton model that holds them."""
BASE = "base"
"""The UNet that takes a ControlNet's residuals."""
STEP_GRAPH_NAMES = ("model_input", "join_channels", "scatter_rows", "advance")
"""The keys of `step_graphs.STEP_GRAPHS`, which imports onnx."""

_Graph = Callable[[Any], "onnx.ModelProto"]
_Check = Callable[[Path, Any, "Tolerances"], ParityReport]


def recipes_of_set(networks: NetworkSet) -> tuple[NetworkRecipe, ...]:
    """A recipe for every network; tokenizer.json comes with the text encoder, profile.json with the base UNet."""
    traces = cache(_traces)
    return (
        _text_encoder(networks),
        _recipe(
            networks,
            "vae_encoder.onnx",
            networks.autoencoder,
            lambda network: _graphs().latent_encoder_graph(network),
            lambda file, network, tolerances: _checks().check_latent_encoder(file, network, tolerances),
        ),
        _recipe(
            networks,
            "vae_decoder.onnx",
            networks.autoencoder,
            lambda network: _graphs().latent_decoder_graph(network),
            lambda file, network, tolerances: _checks().check_latent_decoder(file, network, tolerances),
        ),
        _base_unet(networks),
        *(
            _recipe(
                networks,
                _unet_file(purpose),
                part,
                lambda network: _graphs().unet_graph(network, residuals=False),
                lambda file, network, tolerances: _checks().check_unet(file, network, tolerances, residuals=False),
            )
            for purpose, part in networks.unets.items()
            if purpose != BASE
        ),
        *(
            _recipe(
                networks,
                _control_file(kind),
                part,
                lambda network: _graphs().control_graph(network, traces()),
                lambda file, network, tolerances: _checks().check_control(file, network, tolerances),
            )
            for kind, part in networks.controls.items()
        ),
        *(_step(networks, name) for name in STEP_GRAPH_NAMES),
    )


def _text_encoder(networks: NetworkSet) -> NetworkRecipe:
    def tokenizer(materials: Materials) -> bytes:
        return networks.tokenizer.load(materials).file.encode()

    return _recipe(
        networks,
        "text_encoder.onnx",
        networks.text_encoder,
        lambda network: _graphs().text_encoder_graph(network),
        lambda file, network, tolerances: _checks().check_text_encoder(file, network, tolerances),
        also_read=networks.tokenizer.members,
        extra_files=(ExtraFile("tokenizer.json", tokenizer),),
    )


def _base_unet(networks: NetworkSet) -> NetworkRecipe:
    def profile(materials: Materials) -> bytes:
        from visgate_export.diffusion.set_profile import profile_of_set

        unets = {purpose: _unet_file(purpose) for purpose in networks.unets}
        controls = {kind: _control_file(kind) for kind in networks.controls}
        return profile_of_set(networks, materials, unets, controls).to_json().encode()

    return _recipe(
        networks,
        _unet_file(BASE),
        networks.unets[BASE],
        lambda network: _graphs().unet_graph(network, residuals=True),
        lambda file, network, tolerances: _checks().check_unet(file, network, tolerances, residuals=True),
        also_read=(*networks.tokenizer.members, *networks.autoencoder.members, *networks.noise.members),
        extra_files=(ExtraFile("profile.json", profile),),
    )


def _step(networks: NetworkSet, name: str) -> NetworkRecipe:
    def build(materials: Materials) -> "onnx.ModelProto":
        from visgate_export.diffusion.step_graphs import STEP_GRAPHS

        return STEP_GRAPHS[name]()

    def check(file: Path, materials: Materials) -> ParityReport:
        from visgate_export.diffusion.step_parity import check_step_graph

        return check_step_graph(name, file)

    return NetworkRecipe(
        name=f"{networks.name}_step_{name}",
        model=MODEL,
        file_name=f"step_{name}.onnx",
        title="Part of a denoising step's arithmetic, for latents that stay on a GPU",
        licence="Apache-2.0",
        members=(),
        build=build,
        check=check,
    )


def _recipe(
    networks: NetworkSet,
    file_name: str,
    part: Part[Any],
    graph: _Graph,
    compare: _Check,
    also_read: tuple[Member, ...] = (),
    extra_files: tuple[ExtraFile, ...] = (),
) -> NetworkRecipe:
    def build(materials: Materials) -> "onnx.ModelProto":
        model = graph(part.load(materials))
        if networks.precision is Precision.SINGLE:
            return model
        from visgate_export.diffusion.half_precision import to_half_precision

        return to_half_precision(model)

    def check(file: Path, materials: Materials) -> ParityReport:
        return compare(file, part.load(materials), _checks().TOLERANCES[networks.precision])

    return NetworkRecipe(
        name=f"{networks.name}_{file_name.removesuffix('.onnx')}",
        model=MODEL,
        file_name=file_name,
        title=part.title,
        licence=part.licence,
        members=tuple(dict.fromkeys((*part.members, *also_read))),
        build=build,
        check=check,
        extra_files=extra_files,
    )


def _unet_file(purpose: str) -> str:
    return "unet.onnx" if purpose == BASE else f"unet_{purpose}.onnx"


def _control_file(kind: str) -> str:
    return f"control_{kind}.onnx"


def _traces() -> "SharedTraces":
    from visgate_export.torch_export import SharedTraces

    return SharedTraces()


def _graphs() -> ModuleType:
    from visgate_export.diffusion import graphs  # torch and diffusers take seconds

    return graphs


def _checks() -> ModuleType:
    from visgate_export.diffusion import parity_checks

    return parity_checks
