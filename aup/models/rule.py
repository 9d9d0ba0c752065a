"""Rule: one thing that is prohibited, restricted or permitted, as one version of the policy says it."""

from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup import vagueness
from aup.models.example import Example
from aup.models.translation import Translation
from aup.models.version import PolicyVersion
from aup.schema import OPTIONAL_RULE_KEYS, RULE_ORDER
from tipstaff.places import named
from tipstaff.workflow import references
from tipstaff.workflow.models import Record, RefQuerySet

# ISO 3166-1 codes of the member states.
EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)


class RuleQuerySet(RefQuerySet["Rule"]):
    def visible_to(self, person: Any) -> Self:
        return self.filter(version__in=PolicyVersion.objects.visible_to(person))

    def in_force(self, at: datetime) -> Self:
        """The enabled rules of the version in force at `at`, in one query."""
        return self.filter(version=Subquery(PolicyVersion.objects.latest_by(at).values("pk")[:1]), enabled=True)

    def cited(self, code: str, at: datetime) -> "Rule | None":
        """The rule `code` as it was in force at `at`, with its group and version."""
        return self.in_force(at).select_related("version", "group").filter(code=code.strip().upper()).first()

    def matching(self, words: str, language: str = "") -> Self:
        """Rules whose code, title, action or statement holds every one of `words`, or their translation does."""
        found = self
        for word in words.split():
            said = Q(title__icontains=word) | Q(action__icontains=word) | Q(statement__icontains=word)
            found = found.filter(Q(code__icontains=word) | said | _translated_with(word, language))
        return found

    def made_of(self, modality: str) -> Self:
        """Rules about this form of content; without one, all."""
        return self.filter(modalities__contains=[modality]) if modality else self

    def applying_in(self, place: str) -> Self:
        """Rules that hold in this country (a member of the European Union has those of the EU too); all without one."""
        if not place:
            return self
        return self.filter(jurisdictions__overlap=["*", place, *(["EU"] if place in EU else [])])

    def binding(self, audience: str) -> Self:
        return self.filter(audience__contains=[audience]) if audience else self

    def in_product(self, product: str) -> Self:
        """Rules that hold in this product: those that name it and those that name none; all without one."""
        return self.filter(Q(products=[]) | Q(products__contains=[product])) if product else self

    def vocabulary(self) -> tuple[list[str], list[str], list[str]]:
        """The forms of content, places and products that these rules name, each once; one query."""
        modalities, places, products = set(), set(), set()
        for words, where, which in self.values_list("modalities", "jurisdictions", "products"):
            modalities |= set(words)
            places |= set(where)
            products |= set(which)
        order = [*Rule.Modality.values, *sorted(modalities - set(Rule.Modality.values))]
        return [word for word in order if word in modalities], sorted(places - {"*"}), sorted(products)


def _translated_with(word: str, language: str) -> Q:
    """Rules whose translation into `language` holds `word`; without a language none."""
    if not language:
        return Q(pk__in=[])
    holds = Q(words__title__icontains=word) | Q(words__action__icontains=word) | Q(words__statement__icontains=word)
    return Q(Exists(Translation.objects.filter(holds, rule=OuterRef("pk"), language=language)))


def short_codes(length: int = 40, **extra: Any) -> ArrayField:
    return ArrayField(models.CharField(max_length=length), default=list, blank=True, **extra)


PRODUCT_LENGTH = 80
CLASSIFYING = "EX-MOD"  # the exemption for requests that only ask what supplied material is


@references.register("rule")
class Rule(Record):
    class Kind(models.TextChoices):
        CONTENT = "content", gettext_lazy("Content")
        END_USE = "end_use", gettext_lazy("End use")
        INDUSTRY = "industry", gettext_lazy("Industry")
        OPERATIONAL = "operational", gettext_lazy("Operational")
        DISCLOSURE = "disclosure", gettext_lazy("Disclosure")

    class Disposition(models.TextChoices):
        PROHIBITED = "prohibited", gettext_lazy("Prohibited")
        RESTRICTED = "restricted", gettext_lazy("Restricted")
        PERMITTED = "permitted", gettext_lazy("Permitted")

    class Referral(models.TextChoices):
        NONE = "none", gettext_lazy("No referral expected")
        DISCRETIONARY = "discretionary", gettext_lazy("Counsel decides")
        MANDATORY = "mandatory", gettext_lazy("Referral is compulsory")

    class Handling(models.TextChoices):
        STANDARD = "standard", gettext_lazy("Reviewers may open the evidence")
        SENSITIVE = "sensitive", gettext_lazy("Hidden until asked for; every view is logged")
        SEALED = "sealed", gettext_lazy("Never shown to reviewers")

    class Audience(models.TextChoices):
        USER = "user", gettext_lazy("Everyone who uses the service")
        DEVELOPER = "developer", gettext_lazy("Developers who build on it")
        DEPLOYER = "deployer", gettext_lazy("Deployers who offer it to others")

    class Activity(models.TextChoices):
        GENERATION = "generation", gettext_lazy("Making something")
        CLASSIFICATION = "classification", gettext_lazy("Classifying or analysing what is supplied")

    class Modality(models.TextChoices):
        """The words of the default taxonomy; a policy may have others."""

        TEXT = "text", gettext_lazy("Text")
        IMAGE = "image", gettext_lazy("Images")
        AUDIO = "audio", gettext_lazy("Sound")
        VIDEO = "video", gettext_lazy("Video")
        CODE = "code", gettext_lazy("Code")
        ACTION = "action", gettext_lazy("Acts of an agent")

    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="rules", db_index=False)
    group = models.ForeignKey("aup.RuleGroup", models.PROTECT, related_name="rules")
    # `CODE@NUMBER`: how events and other records cite the rule. The number of a version never changes.
    cite = models.CharField(max_length=40, unique=True, editable=False)
    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=10)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind)
    disposition = models.CharField(max_length=20, choices=Disposition)
    severity = models.PositiveSmallIntegerField()
    modalities = short_codes()
    audience = short_codes()
    jurisdictions = short_codes()
    products = short_codes(PRODUCT_LENGTH, help_text="The products it is limited to; none means all.")
    activity = short_codes(help_text="Limits it to making or to classifying; none means that the exemptions decide.")
    enabled = models.BooleanField(default=True)
    statement = models.TextField()
    action = models.CharField(max_length=300)
    threshold = models.CharField(max_length=400)
    conditions = models.JSONField(default=list, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    exemptions = short_codes()
    legal_referral = models.CharField(max_length=20, choices=Referral, default=Referral.NONE)
    content_handling = models.CharField(max_length=20, choices=Handling, default=Handling.STANDARD)
    support_first = models.BooleanField(default=False)
    minimum_tier = models.CharField(max_length=4, null=True, blank=True)
    consequence = models.JSONField(default=dict, help_text="corrective, monitoring and, unless permitted, enforcement.")
    waivable = models.BooleanField(default=False)
    zero_tolerance = models.BooleanField(default=False)
    obligation = models.BooleanField(default=False)
    controls = short_codes()
    mappings = models.JSONField(default=dict, blank=True)

    reference_field = "cite"
    unchanging = True
    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["version_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "code"], name="rule_code_once_per_version"),
            models.CheckConstraint(condition=Q(severity__gte=1, severity__lte=4), name="rule_severity_1_to_4"),
            models.CheckConstraint(
                condition=Q(disposition__in=["prohibited", "restricted", "permitted"]), name="rule_disposition_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    def history_of(self) -> Record:
        return self.version

    def get_absolute_url(self) -> str:
        """The rule as this version says it."""
        number = self.cite.rpartition("@")[2]
        return reverse("aup:rule", args=[self.code], query={"version": number})

    @property
    def facts(self) -> dict[str, Any]:
        """What `aup.evaluation.evaluate` needs to know about a rule."""
        return {
            "code": self.code,
            "severity": self.severity,
            "minimum_tier": self.minimum_tier,
            "legal_referral": self.legal_referral,
            "zero_tolerance": self.zero_tolerance,
            "disposition": self.disposition,
            "support_first": self.support_first,
        }

    @property
    def activities(self) -> list[str]:
        """What has to be asked of a system for the rule to bite. Unless the rule says so itself, one that exempts
        classification is about making things, and any other about both.
        """
        if self.activity:
            return list(self.activity)
        return [self.Activity.GENERATION] if CLASSIFYING in self.exemptions else list(self.Activity.values)

    @property
    def audience_labels(self) -> list[str]:
        return [str(self.Audience(word).label) for word in self.audience]

    @property
    def place_labels(self) -> list[str]:
        return [named(code) for code in self.jurisdictions]

    @property
    def binds_builders_only(self) -> bool:
        """Whether it is a duty of developers and deployers rather than a rule for everyone who uses the service."""
        return self.obligation or self.Audience.USER not in self.audience

    @property
    def allowed_examples(self) -> list[Example]:
        return [example for example in self.examples.all() if example.kind == Example.Kind.ALLOWED]

    @property
    def prohibited_examples(self) -> list[Example]:
        return [example for example in self.examples.all() if example.kind == Example.Kind.PROHIBITED]

    @property
    def document(self) -> dict[str, Any]:
        """The rule as a taxonomy writes it. Reads `examples`: prefetch them."""
        examples = {
            "allowed": [example.text for example in self.allowed_examples],
            "prohibited": [example.text for example in self.prohibited_examples],
        }
        values = {key: examples if key == "examples" else getattr(self, key) for key in RULE_ORDER}
        return {key: value for key, value in values.items() if value or key not in OPTIONAL_RULE_KEYS}

    @property
    def opened_as(self) -> dict[str, Any]:
        """What a page that edits the rule shows: its document and where it stands."""
        return {"group": self.group.code, **self.document}

    def lacking(self) -> list[str]:
        """What the rule still lacks before it can be published, in words. Reads `examples`: prefetch them."""
        kinds = ["corrective", "monitoring"]
        if self.disposition != self.Disposition.PERMITTED:
            kinds.append("enforcement")
        parts = {
            _("an action"): self.action.strip(),
            _("a threshold"): self.threshold.strip(),
            _("a threshold that can be tested"): not vagueness.untestable(self.threshold),
            _("its consequence"): all(str(self.consequence.get(kind) or "").strip() for kind in kinds),
            _("an allowed example"): self.allowed_examples,
            _("a prohibited example"): self.prohibited_examples,
        }
        return [name for name, given in parts.items() if not given]
