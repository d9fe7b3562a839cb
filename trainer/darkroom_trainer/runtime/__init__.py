"""What every run needs of its process: errors, reporting, stopping, logs, the device.

Must not know datasets or tasks.
"""
