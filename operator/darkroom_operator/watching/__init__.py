"""What wakes a reconcile: kopf's watches, the audit that checks them, the work queue and its timers.

Must not do: any decision about an object.
"""
