"""What is allowed: policies, their versions, rules and examples, and the matrix that turns findings into a tier."""

from aup.models.acknowledgement import Acknowledgement
from aup.models.catalogue import Catalogue
from aup.models.decision_matrix import DecisionMatrix
from aup.models.example import Example
from aup.models.feedback import Feedback
from aup.models.linked_document import LinkedDocument
from aup.models.policy import Policy
from aup.models.rule import Rule
from aup.models.rule_group import RuleGroup
from aup.models.sign_off import SignOff
from aup.models.translation import Translation
from aup.models.version import PolicyVersion

__all__ = [
    "Acknowledgement", "Catalogue", "DecisionMatrix", "Example", "Feedback", "LinkedDocument", "Policy",
    "PolicyVersion", "Rule", "RuleGroup", "SignOff", "Translation",
]  # fmt: skip
