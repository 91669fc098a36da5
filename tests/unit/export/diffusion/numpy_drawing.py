"""Draws with exported networks in plain NumPy loops, a request at a time: what the engine must come to in the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from visgate_export.parity import open_session

HOLE = np.uint8(128)
"""Grey that stands where a picture is missing; diffusers' is between 127 and 128, which uint8 cannot say."""
Floats = NDArray[np.float32]
Residuals = Callable[[Floats, Floats, Floats], dict[str, Floats]]
"""From a UNet's sample, timestep and embedding."""


class NumpyDrawing:
    """One model folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._profile = json.loads((folder / "profile.json").read_text())
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._encode_text = open_session(folder / "text_encoder.onnx")
        profile = self._profile
        assert profile["beta_schedule"] == "scaled_linear"
        betas = np.linspace(profile["beta_start"] ** 0.5, profile["beta_end"] ** 0.5, profile["train_timesteps"]) ** 2
        self.kept = np.cumprod(1 - betas)
        """Share of the picture's variance that is left, by timestep (ᾱ)."""

    def draw(
        self,
        latents: Floats,
        prompt: str,
        negative: str,
        steps: int,
        guidance: float,
        residuals: Residuals | None = None,
    ) -> Floats:
        """Text to image; the unprompted row first, as diffusers has it."""
        unet = open_session(self._folder / "unet.onnx")
        embedding = self._embeddings(negative, prompt)

        def noise(current: Floats, timestep: int) -> Floats:
            sample = np.concatenate((current, current))
            inputs = (sample, np.full(2, timestep, np.float32), embedding)
            given = residuals(*inputs) if residuals else self._zeros(*sample.shape[::2], sample.shape[3])
            names = dict(zip(("sample", "timestep", "embedding"), inputs, strict=True))
            (result,) = unet.run(["noise"], {**names, **given})
            return result[:1] + guidance * (result[1:] - result[:1])

        return self._denoise(latents, steps, noise)

    def control(self, network: str, picture: NDArray[np.uint8], scale: float) -> Residuals:
        """A ControlNet's residuals for a control picture [1,H,W,3]."""
        session = open_session(self._folder / f"{network}.onnx")
        names = [output.name for output in session.get_outputs()]

        def residuals(sample: Floats, timestep: Floats, embedding: Floats) -> dict[str, Floats]:
            inputs = {"sample": sample, "timestep": timestep, "embedding": embedding}
            values = session.run(names, {**inputs, "control": np.repeat(picture, len(sample), axis=0)})
            return {name: np.float32(scale) * value for name, value in zip(names, values, strict=True)}

        return residuals

    def edit(
        self,
        latents: Floats,
        prompt: str,
        negative: str,
        steps: int,
        guidance: float,
        picture: NDArray[np.uint8],
        image_guidance: float,
    ) -> Floats:
        """InstructPix2Pix: three rows, with text and picture, with the picture alone, with neither."""
        unet = open_session(self._folder / "unet_edit.onnx")
        embedding = self._embeddings(prompt, negative, negative)
        pictured = self._encode(picture) / np.float32(self._profile["scaling_factor"])

        def noise(current: Floats, timestep: int) -> Floats:
            rows = [np.concatenate((current, given), axis=1) for given in (pictured, pictured, 0 * pictured)]
            inputs = {"sample": np.concatenate(rows), "timestep": np.full(3, timestep, np.float32)}
            (result,) = unet.run(["noise"], {**inputs, "embedding": embedding})
            text, image, neither = result[:1], result[1:2], result[2:]
            return neither + guidance * (text - image) + image_guidance * (image - neither)

        return self._denoise(latents, steps, noise)

    def inpaint(
        self,
        latents: Floats,
        prompt: str,
        negative: str,
        steps: int,
        guidance: float,
        picture: NDArray[np.uint8],
        mask: NDArray[np.uint8],
    ) -> Floats:
        """Inpainting where `mask` [H,W] is 255."""
        unet = open_session(self._folder / "unet_inpaint.onnx")
        embedding = self._embeddings(negative, prompt)
        hole = (mask >= 128)[None, :, :, None]
        around = self._encode(np.where(hole, HOLE, picture))
        size = latents.shape[:1:-1]
        small = cv2.resize((mask >= 128).astype(np.float32), size, interpolation=cv2.INTER_NEAREST)[None, None]
        fixed = np.concatenate((small, around), axis=1)

        def noise(current: Floats, timestep: int) -> Floats:
            sample = np.concatenate((current, fixed), axis=1)
            inputs = {"sample": np.concatenate((sample, sample)), "timestep": np.full(2, timestep, np.float32)}
            (result,) = unet.run(["noise"], {**inputs, "embedding": embedding})
            return result[:1] + guidance * (result[1:] - result[:1])

        return self._denoise(latents, steps, noise)

    def _denoise(self, latents: Floats, steps: int, noise: Callable[[Floats, int], Floats]) -> Floats:
        """DDIM without fresh noise (Song et al. 2020, eq. 12), timesteps spaced as Stable Diffusion 1.5's."""
        stride = self._profile["train_timesteps"] // steps
        for step in reversed(range(steps)):
            timestep = step * stride + self._profile["steps_offset"]
            now = self.kept[timestep]
            then = self.kept[timestep - stride] if timestep >= stride else self.kept[0]
            said = noise(latents, timestep)
            clean = (latents - (1 - now) ** 0.5 * said) / now**0.5
            latents = (then**0.5 * clean + (1 - then) ** 0.5 * said).astype(np.float32)
        return latents

    def _embeddings(self, *texts: str) -> Floats:
        rows = []
        for text in texts:
            ids = self._tokenizer.encode(text).ids
            rows.append(ids + [self._profile["pad_token"]] * (self._profile["text_length"] - len(ids)))
        (embedding,) = self._encode_text.run(["embedding"], {"input_ids": np.array(rows, np.int64)})
        result: Floats = embedding
        return result

    def _encode(self, picture: NDArray[np.uint8]) -> Floats:
        (latents,) = open_session(self._folder / "vae_encoder.onnx").run(["latents"], {"image": picture})
        result: Floats = latents
        return result

    def _zeros(self, rows: int, height: int, width: int) -> dict[str, Floats]:
        return {
            entry["name"]: np.zeros(
                (rows, entry["channels"], -(-height // entry["scale"]), -(-width // entry["scale"])), np.float32
            )
            for entry in self._profile["residuals"]
        }
