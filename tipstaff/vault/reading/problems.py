"""Why nothing can be shown of a file, as a word; `tipstaff.vault.models.Derivative.Problem` has the sentences."""


class Unreadable(Exception):
    """`problem` is one of Derivative.Problem."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
