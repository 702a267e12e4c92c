"""Write a trained model as a folder, verify it, load it and predict with numpy, ONNX Runtime and msgspec alone."""

from hagane.bundle.bundle import Bundle
from hagane.bundle.instances import InstanceDecoder
from hagane.bundle.manifest import FORMAT_VERSION, Manifest, verify_manifest
from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import Input, Signature
from hagane.bundle.write_bundle import write_bundle

__all__ = [
    "FORMAT_VERSION",
    "Bundle",
    "Input",
    "InstanceDecoder",
    "Manifest",
    "Predictions",
    "Signature",
    "verify_manifest",
    "write_bundle",
]
