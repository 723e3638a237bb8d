"""How notices leave the machine: one file per channel, and the pass that sends what is due.

Sits above `database`, which keeps the notices, and below the commands, which begin a pass.
"""
