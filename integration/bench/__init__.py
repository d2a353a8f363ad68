"""netapply beside its peers, in one run: `make bench`, or `.ci/peers run python -m integration.bench`.

    peers       the commands that are compared, and their versions
    workloads   equal work for each of them, in throw-away namespaces
    measure     one process, timed; samples; waiting until the kernel has come to rest
    compare     who is run how often, and in which order
    stages      where the time of a first apply goes
    report      the table, the verdicts
    document    docs/performance.md

Nothing here is asserted by a test: times belong to a machine, and only ratios within one run carry over.
"""
