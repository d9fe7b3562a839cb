"""Labels on their way to a person and back: COCO files of the service's dialect, and Label Studio's tasks and exports.

Needs the contract and the form of a prediction only. Must not know storage, a server or a trainer.
"""
