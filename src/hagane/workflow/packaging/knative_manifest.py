"""`knative_manifest`: a Knative Service, which has no pods while nobody asks."""

from __future__ import annotations

from typing import Any

from hagane.workflow.packaging.container import container, probe, volumes
from hagane.workflow.packaging.image import PORT, Image

TARGET = 64
"""Requests in flight a pod is to have: zero-delay batches take them together."""


def knative_manifest(image: Image) -> list[dict[str, Any]]:
    """Scales from zero by concurrency."""
    annotations = {
        "autoscaling.knative.dev/min-scale": "0",
        "autoscaling.knative.dev/max-scale": "10",
        "autoscaling.knative.dev/metric": "concurrency",
        "autoscaling.knative.dev/target": str(TARGET),
        "autoscaling.knative.dev/scale-to-zero-pod-retention-period": "1m",
    }
    server = container(image, port_name="http1") | {
        "readinessProbe": probe("/readyz", PORT, periodSeconds=1),
        "livenessProbe": probe("/healthz", PORT, periodSeconds=10, timeoutSeconds=5),
    }
    spec = {"containerConcurrency": 0, "timeoutSeconds": 60, "containers": [server], "volumes": volumes()}
    template = {"metadata": {"annotations": annotations}, "spec": spec}
    metadata = {"name": image.label}
    return [
        {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"template": template},
        }
    ]
