"""Appeal, and who may hear it."""

from appeals.models.appeal import REASONS_MINIMUM, TEXT_LIMIT, Appeal, AppealQuerySet

__all__ = ["REASONS_MINIMUM", "TEXT_LIMIT", "Appeal", "AppealQuerySet"]
