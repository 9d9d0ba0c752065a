"""How dates look in each language: the day, the month by its name, the year, and the hour by 24. Typed and shown dates
of forms are ISO everywhere, because the browser's own date fields take nothing else.
"""

DATE_INPUT_FORMATS = ["%Y-%m-%d"]
