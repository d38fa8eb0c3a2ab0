"""Accuracy by class: tables of the standards as data, what they ask of a meter, and the bench that measures it.

    lines = plan(ratings, AccuracyClass("IEC 62053-21", "1"))
    results = Bench(chains, ratings, guards).run(lines)

A simulation: it tells whether a virtual meter keeps within its class, and is never a certificate.
"""
