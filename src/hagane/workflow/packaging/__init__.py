"""What `hagane package` writes: the recipe of an image that serves one bundle, and manifests for clusters."""
