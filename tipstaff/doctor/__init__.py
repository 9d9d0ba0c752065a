"""`manage.py doctor`: looks at everything that Tipstaff stands on, and says what is wrong and what to do about it.

A check is a generator of results. It may raise: what it did not expect is a result as well, and never a traceback.
"""
