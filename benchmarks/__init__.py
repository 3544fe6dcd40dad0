"""Speed and memory of `reconcile`, each figure beside the bare script that does the least possible for the same end.

`make bench` runs them all against a real livekit-server and prints one table. A figure without its baseline from the
same run says more about the machine than about the program, so there is none.
"""
