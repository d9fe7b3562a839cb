"""Kueue's names: API groups, labels, annotations and the controller of Jobs that run elsewhere.

Must not do: any I/O.
"""

from typing import Final

GROUP: Final = "kueue.x-k8s.io"
VISIBILITY_GROUP: Final = f"visibility.{GROUP}"
"""An API of Kueue's own server, which the API server passes on: what waits in a queue, in the order of admission."""
LABEL_QUEUE: Final = f"{GROUP}/queue-name"
"""Kueue's webhook suspends a Job with this label until its queue admits it; from then on `suspend` is Kueue's alone.

Kueue takes a workload's priority from the pods' PriorityClass. Its label for priorities, which names a
WorkloadPriorityClass of its own, is not set: `spec.priorityClassName` is a PriorityClass.
"""
LABEL_JOB_UID: Final = f"{GROUP}/job-uid"
"""On a Workload: the Job that it stands for."""
ANNOTATION_REQUIRED_TOPOLOGY: Final = f"{GROUP}/podset-required-topology"
ANNOTATION_PREFERRED_TOPOLOGY: Final = f"{GROUP}/podset-preferred-topology"
"""On a Job's pods: the level of the topology, as a label of nodes, within which all of them must or should be."""
ANNOTATION_MIN_PARALLELISM: Final = f"{GROUP}/job-min-parallelism"
ANNOTATION_EQUAL_COMPLETIONS: Final = f"{GROUP}/job-completions-equal-parallelism"
"""On an Indexed Job: Kueue may lower `parallelism` as far as the former says, and `completions` with it."""
JOB_CONTROLLER: Final = "kubernetes.io/job-controller"
"""Who runs a Job that names nobody in `spec.managedBy`: Kubernetes itself."""
