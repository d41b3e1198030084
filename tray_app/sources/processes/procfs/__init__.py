"""The process table on Linux, from /proc: the fast path.

Kept descriptors are read with pread: a few microseconds each, and ESRCH once the process is
gone, so that a reused pid cannot fool them. psutil is the reference that this is tested
against; it is not imported here.
"""
