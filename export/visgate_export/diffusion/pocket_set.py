"""The pocket set of diffusion networks: this project's own, trained on scenes of emoji; weights in the source tree."""

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.diffusion.network_set import NetworkSet, NoiseSchedule, Part, Precision, PromptTokenizer, TextRules
from visgate_export.pocket.control_kinds import CONTROL_STARTS, lineage
from visgate_export.pocket.weight_folder import LICENCE, METRICS_FILE, WEIGHTS, weights_source
from visgate_export.recipe import Materials

if TYPE_CHECKING:  # torch is only imported where a network is really built
    import numpy as np
    from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
    from numpy.typing import NDArray
    from transformers import CLIPTextModel

CONTROLS = tuple(CONTROL_STARTS)
"""Kinds of control picture for which there is a ControlNet."""
PICTURE_UNETS = ("edit", "inpaint")
"""Purposes for which there is a UNet that sees a picture beside the latents."""
_GUIDANCE = 2.5
_UNET_GUIDANCE = {"edit": 2.5, "inpaint": 2.0}
_IMAGE_GUIDANCE = 1.8
_SCENES = 64
_SCENES_SEED = 1


def pocket_set(folder: Path = WEIGHTS) -> NetworkSet:
    """The networks whose weights lie in `folder`: fp16 safetensors, tokenizer.json and metrics.json."""
    source = weights_source(folder)
    tokenizer, metrics = source.member("tokenizer.json"), source.member(METRICS_FILE)
    text_encoder, autoencoder, unet = (
        source.member(f"{name}.safetensors") for name in ("text_encoder", "autoencoder", "unet")
    )

    def load_text_encoder(materials: Materials) -> "CLIPTextModel":
        from visgate_export.pocket.weights import load_text_encoder

        return load_text_encoder(materials.path(text_encoder).parent)

    def load_autoencoder(materials: Materials) -> "AutoencoderKL":
        from visgate_export.pocket.weights import load_autoencoder

        return load_autoencoder(materials.path(autoencoder).parent)

    def load_unet(materials: Materials) -> "UNet2DConditionModel":
        from visgate_export.pocket.weights import load_unet

        return load_unet(materials.path(unet).parent)

    def picture_unet(purpose: str) -> "Part[UNet2DConditionModel]":
        weights = source.member(f"unet_{purpose}.safetensors")

        def load(materials: Materials) -> "UNet2DConditionModel":
            from visgate_export.pocket.weights import load_picture_unet

            return load_picture_unet(purpose, materials.path(weights).parent)

        # As a ControlNet, it is kept as its difference from the UNet.
        return Part(f"Pocket UNet, {purpose}", LICENCE, (weights, unet), load)

    def control(kind: str) -> "Part[ControlNetModel]":
        weights = tuple(source.member(f"control_{each}.safetensors") for each in lineage(kind))

        def load(materials: Materials) -> "ControlNetModel":
            from visgate_export.pocket.weights import load_control_net

            return load_control_net(kind, materials.path(unet).parent)

        # It is kept as its difference from the UNet, or from another one.
        return Part(f"Pocket ControlNet, {kind}", LICENCE, (*weights, unet), load)

    def load_tokenizer(materials: Materials) -> PromptTokenizer:
        from visgate_export.diffusion.graphs import TEXT_LENGTH
        from visgate_export.pocket.tokenizer import BEGIN_TOKEN, END_TOKEN

        rules = TextRules(TEXT_LENGTH, BEGIN_TOKEN, END_TOKEN, pad_token=END_TOKEN)
        return PromptTokenizer(materials.path(tokenizer).read_text(encoding="utf-8"), rules)

    return NetworkSet(
        name="pocket",
        precision=Precision.SINGLE,
        text_encoder=Part("Pocket CLIP text encoder", LICENCE, (text_encoder, tokenizer), load_text_encoder),
        autoencoder=Part("Pocket VAE", LICENCE, (autoencoder, metrics), load_autoencoder),
        unets={
            "base": Part("Pocket UNet", LICENCE, (unet,), load_unet),
            **{purpose: picture_unet(purpose) for purpose in PICTURE_UNETS},
        },
        controls={kind: control(kind) for kind in CONTROLS},
        tokenizer=Part("Pocket vocabulary", LICENCE, (tokenizer,), load_tokenizer),
        noise=Part("Pocket noise schedule", LICENCE, (), _noise),
        pictures=_scenes,
        default_guidance=_GUIDANCE,
        unet_guidance=_UNET_GUIDANCE,
        default_image_guidance=_IMAGE_GUIDANCE,
    )


def _noise(materials: Materials) -> NoiseSchedule:
    from visgate_export.pocket.architectures import BETA_END, BETA_START, TRAIN_TIMESTEPS

    return NoiseSchedule(TRAIN_TIMESTEPS, BETA_START, BETA_END)


def _scenes() -> "NDArray[np.uint8]":
    import numpy as np

    from visgate_export.pocket.rendering import SceneRenderer
    from visgate_export.pocket.scenes import scenes
    from visgate_export.pocket.sprites import read_sprites

    renderer = SceneRenderer(read_sprites())
    return np.stack([renderer.picture(scene) for scene in itertools.islice(scenes(_SCENES_SEED), _SCENES)])
