"""`kubernetes_manifest`: Deployment, Service, HorizontalPodAutoscaler and PodDisruptionBudget."""

from __future__ import annotations

from typing import Any

from hagane.workflow.packaging.container import container, probe, volumes
from hagane.workflow.packaging.image import DRAIN_SECONDS, Image

MOST_PODS = 10
FEWEST_PODS = 2


def kubernetes_manifest(image: Image) -> list[dict[str, Any]]:
    """Two pods and more, by load: one may always be lost."""
    return [_deployment(image), _service(image), _autoscaler(image), _disruption_budget(image)]


def _deployment(image: Image) -> dict[str, Any]:
    pod = {
        "terminationGracePeriodSeconds": DRAIN_SECONDS + image.shutdown_seconds + 5,
        "automountServiceAccountToken": False,
        "containers": [_server(image)],
        "volumes": volumes(),
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": _chosen(image)},
            }
        ],
    }
    spec = {
        "selector": {"matchLabels": _chosen(image)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": {"labels": _labels(image)}, "spec": pod},
    }
    return _document("apps/v1", "Deployment", image, spec)


def _server(image: Image) -> dict[str, Any]:
    """Balancers hear that a pod goes while it still answers: what they send meanwhile is not lost."""
    return container(image) | {
        "args": ["--drain-seconds", str(DRAIN_SECONDS)],
        "startupProbe": probe("/readyz", periodSeconds=1, failureThreshold=60),
        "readinessProbe": probe("/readyz", periodSeconds=5, timeoutSeconds=3),
        "livenessProbe": probe("/healthz", periodSeconds=10, timeoutSeconds=5, failureThreshold=3),
    }


def _service(image: Image) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return _document("v1", "Service", image, {"selector": _chosen(image), "ports": ports})


def _autoscaler(image: Image) -> dict[str, Any]:
    use = {"type": "Utilization", "averageUtilization": 70}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": image.label},
        "minReplicas": FEWEST_PODS,
        "maxReplicas": MOST_PODS,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": use}}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
    }
    return _document("autoscaling/v2", "HorizontalPodAutoscaler", image, spec)


def _disruption_budget(image: Image) -> dict[str, Any]:
    spec = {"minAvailable": 1, "selector": {"matchLabels": _chosen(image)}}
    return _document("policy/v1", "PodDisruptionBudget", image, spec)


def _document(version: str, kind: str, image: Image, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": image.label, "labels": _labels(image)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _labels(image: Image) -> dict[str, str]:
    return {
        **_chosen(image),
        "app.kubernetes.io/version": image.bundle_id,
        "app.kubernetes.io/component": "model-server",
    }


def _chosen(image: Image) -> dict[str, str]:
    """What never changes, as selectors want it."""
    return {"app.kubernetes.io/name": image.label}
