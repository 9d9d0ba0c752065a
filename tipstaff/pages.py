"""Pages of a list that may have any length: what is counted, and how far one can turn."""

from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import BooleanField, F, Func, QuerySet

COUNTED = 1_000  # rows are counted so far, and "more than" is said beyond: an exact count reads every row on each page
LAST = 200  # the last page that can be turned to: an OFFSET reads all that it skips, and a filter finds more


class Among(Func):
    """`Among(F("pk"), array)`: rows found by the few keys of an array, which PostgreSQL knows to be few. `IN` joins
    the rows with the query that chose them, and reads every row for that.
    """

    template, arg_joiner, output_field = "%(expressions)s)", " = ANY(", BooleanField()


class Pages(Paginator):
    """Django's pages where the number of rows is known, and pages without an end in sight where there are `many`. A
    page costs what it shows and what comes before it, however long the list is. A number that is none, or too high,
    leads to the nearest page that there is.
    """

    @cached_property
    def _found(self) -> int:
        rows: Any = self.object_list
        return rows.values("pk")[: COUNTED + 1].count() if isinstance(rows, QuerySet) else len(rows)

    @property
    def many(self) -> bool:
        """Whether there are more rows than are counted."""
        return self._found > COUNTED

    @property
    def count(self) -> int:
        """The number of rows; the lower bound that is said for `many`."""
        return min(self._found, COUNTED)

    @property
    def num_pages(self) -> int:
        return LAST if self.many else super().num_pages

    def page(self, number: int | str) -> Page:
        if not self.many:
            return super().page(number)
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        asked: Any = self.object_list
        if start:  # what is skipped is read from the index alone, without what each row joins or counts
            asked = asked.filter(Among(F("pk"), ArraySubquery(asked.values("pk")[start : start + self.per_page + 1])))
        rows = list(asked[: self.per_page + 1])
        if not rows and number > 1:
            raise EmptyPage(self.error_messages["no_results"])
        return _Open(rows, number, self)

    def get_page(self, number: int | float | str | None) -> Page:
        try:
            return super().get_page(number)
        except EmptyPage:  # the last page that may be turned to has nothing: back to where there is something
            return self.page(COUNTED // self.per_page)


class _Open(Page):
    """A page of a list whose end is not in sight. It was read with one row more, which says whether another follows."""

    def __init__(self, rows: list[Any], number: int, paginator: Pages) -> None:
        super().__init__(rows[: paginator.per_page], number, paginator)
        self.follows = len(rows) > paginator.per_page and number < LAST

    def has_next(self) -> bool:
        return self.follows

    def end_index(self) -> int:
        return self.start_index() + len(self) - 1
