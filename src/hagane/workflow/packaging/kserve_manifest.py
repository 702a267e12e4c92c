"""`kserve_manifest`: a KServe InferenceService around the container, which speaks KServe's two protocols."""

from __future__ import annotations

from typing import Any

from hagane.workflow.packaging.container import container, probe, volumes
from hagane.workflow.packaging.image import DRAIN_SECONDS, PORT, Image
from hagane.workflow.packaging.knative_manifest import TARGET


def kserve_manifest(image: Image) -> list[dict[str, Any]]:
    """Clients find the model by KServe's paths, `/v1/models/NAME:predict` and `/v2/models/NAME/infer`."""
    server = container(image, name="kserve-container", port_name="http1") | {
        "args": ["--protocol", "open-inference", "--protocol", "kserve"],
        "readinessProbe": probe("/readyz", PORT, periodSeconds=1),
        "livenessProbe": probe("/healthz", PORT, periodSeconds=10, timeoutSeconds=5),
    }
    predictor = {
        "minReplicas": 0,
        "maxReplicas": 10,
        "scaleMetric": "concurrency",
        "scaleTarget": TARGET,
        "timeout": 60,
        "terminationGracePeriodSeconds": DRAIN_SECONDS + image.shutdown_seconds + 5,
        "containers": [server],
        "volumes": volumes(),
    }
    metadata = {"name": image.label}
    service = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": metadata}
    return [service | {"spec": {"predictor": predictor}}]
