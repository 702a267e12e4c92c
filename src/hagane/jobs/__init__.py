"""A user's own training program as a job of several replicas on this machine, or on several that each start a part.

What a program finds in its environment is what Cloud ML Engine's local mode, Vertex AI's worker pools and torchrun
put there, so that one that runs there runs here. This room knows nothing of any framework.
"""
