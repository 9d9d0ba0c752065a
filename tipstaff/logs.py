"""What a log line may not carry."""

import logging
import re

TOKEN_IN_PATH = re.compile(r"(/(?:notice|appeal)/)[^/\s\"?]+")


class ScrubTokens(logging.Filter):
    """Takes the credential out of a signed link's address before a line is written."""

    def filter(self, line: logging.LogRecord) -> bool:
        line.msg = TOKEN_IN_PATH.sub(r"\1…", str(line.msg))
        if isinstance(line.args, tuple):
            line.args = tuple(
                TOKEN_IN_PATH.sub(r"\1…", argument) if isinstance(argument, str) else argument for argument in line.args
            )
        return True
