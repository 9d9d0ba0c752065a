"""SignOff: one function of the organisation says yes to a version. Four functions, four different people."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy

from tipstaff.ledger.models import UUIDv7
from tipstaff.time import now


class SignOff(models.Model):
    class Function(models.TextChoices):
        PRODUCT = "product", gettext_lazy("Product")
        ENGINEERING = "engineering", gettext_lazy("Engineering")
        LEGAL = "legal", gettext_lazy("Legal")
        COMPLIANCE = "compliance", gettext_lazy("Compliance")

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    version = models.ForeignKey("aup.PolicyVersion", models.PROTECT, related_name="sign_offs")
    function = models.CharField(max_length=20, choices=Function)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["signed_at"]
        constraints = [
            models.UniqueConstraint(fields=["version", "function"], name="sign_off_once_per_function"),
            models.UniqueConstraint(fields=["version", "person"], name="sign_off_once_per_person"),
            models.CheckConstraint(
                condition=models.Q(function__in=["product", "engineering", "legal", "compliance"]),
                name="sign_off_function_known",
            ),
        ]

    def __str__(self) -> str:
        return self.get_function_display()
