"""What a run waits for between its Job and its container, in terms of what a user or an administrator can change.

Must not do: any I/O, look at the clock.
"""
