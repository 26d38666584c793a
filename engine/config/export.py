"""What can be set about an exported file."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from engine.config.setting import Setting


class ExportConfig(BaseModel):
    """How a deployment file is made."""

    model_config = ConfigDict(frozen=True)

    opset: Annotated[
        int, Field(ge=17, le=21), Setting(label="Opset", help="Version of ONNX's operators.", advanced=True)
    ] = 18
    include_preprocessing: Annotated[
        bool, Setting(label="Normalise inside", help="The file takes RGB pixels, 0 to 255.")
    ] = True
    include_postprocessing: Annotated[
        bool, Setting(label="Probabilities", help="The file gives probabilities rather than raw scores.")
    ] = True
