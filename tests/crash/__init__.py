"""Kill -9 at every labelled point: what may be lost, doubled or forgotten is looked for in the exchange's own books.

`switch.py` kills the process that it lives in; `seams.py` hangs it into the bot from outside, so that the bot knows
nothing of it; `points.py` names the points. `victim.py` runs a bot that can be told to die, `books.py` and
`comparison.py` hold what the bot knows against what the exchange knows, `chain.py` does that through a row of
crashes, `plan.py` chooses the points, and `campaign.py` does it all at once. docs/crash-points.md explains it;
`python -m tests.crash --help` starts it.
"""
