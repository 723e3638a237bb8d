"""The refresh: facts -> four summary tables, verified and published as one generation.

    rollups       the INSERT…SELECT statements of each level
    changes       which months must be rebuilt, and why: the plan
    verification  the staged tables against the facts, to the cent
    making        one generation: plan, build, verify, publish
    refresh       the protocol around it: lock, reconcile, retries, finish
    script        the same statements as a script for a bare mariadb client
"""
