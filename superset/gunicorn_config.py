"""Superset's web server: one worker with threads. Its address is given on the command line.

That is enough for one machine, and takes a fraction of the memory of several workers.
"""

workers = 1
worker_class = "gthread"
threads = 8
timeout = 120
