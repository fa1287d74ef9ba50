"""What a client did, step by step, for the test to judge. Runs in the client's interpreter: standard library only."""

import json
import sys


class Story:
    """Collects one result per step. `refusals` is the client's own exception type; `describe` makes it plain."""

    def __init__(self, refusals, describe):
        self.steps = {}
        self._refusals = refusals
        self._describe = describe

    def step(self, name, call, plain=lambda result: result):
        """Do one thing and return its result; None when it was refused or failed."""
        try:
            result = call()
            self.steps[name] = plain(result)
        except self._refusals as error:
            self.steps[name] = self._describe(error)
        except Exception as error:  # noqa: BLE001 - whatever the client trips over is what the test wants to hear
            self.steps[name] = {"failed": f"{type(error).__name__}: {error}"}
        else:
            return result
        return None

    def tell(self, **more):
        """Print the story as one JSON object."""
        sys.stdout.write(json.dumps({"steps": self.steps, **more}, default=str))
