"""The workspace: models by name and version, and scratch space, as plain files that several processes share."""
