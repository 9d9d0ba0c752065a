"""LinkedDocument: a document of another kind that a version of the policy points at, and whether it binds as well."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from tipstaff.ledger.models import UUIDv7


class LinkedDocument(models.Model):
    class Kind(models.TextChoices):
        BEHAVIOUR_POLICY = "behaviour_policy", gettext_lazy("Model behaviour policy")
        MODEL_CARD = "model_card", gettext_lazy("Model card: out-of-scope uses")
        API_POLICY = "api_policy", gettext_lazy("API policy")
        CONTRACT = "contract", gettext_lazy("Third-party contract")

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    version = models.ForeignKey("aup.PolicyVersion", models.PROTECT, related_name="linked_documents")
    kind = models.CharField(gettext_lazy("kind"), max_length=20, choices=Kind)
    title = models.CharField(gettext_lazy("title"), max_length=200)
    url = models.URLField(gettext_lazy("address"), max_length=500, blank=True)
    binding = models.BooleanField(gettext_lazy("binds users as well"), default=False)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "title"], name="linked_document_title_once_per_version"),
            models.CheckConstraint(
                condition=Q(kind__in=["behaviour_policy", "model_card", "api_policy", "contract"]),
                name="linked_document_kind_known",
            ),
            # What a model card calls out of scope is advice, not a rule.
            models.CheckConstraint(
                condition=~Q(kind="model_card") | Q(binding=False), name="linked_document_card_does_not_bind"
            ),
        ]

    def __str__(self) -> str:
        return self.title
