"""Why a model answers as it does: attributions to raw columns, from a bundle alone. numpy and ONNX Runtime suffice."""
