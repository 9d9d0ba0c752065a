"""Who plays: the accounts of the provider that things are about, in trees, with names in four scripts."""

from dataclasses import dataclass

from django.conf import settings

from tipstaff.accounts.models import Subject
from tipstaff.workflow.actors import System

DEMO = System("demo")


@dataclass(frozen=True)
class Account:
    external_id: str
    kind: str
    name: str
    above: tuple[str, ...]  # the accounts that it stands beneath, the outermost first
    language: str

    @property
    def tree(self) -> str:
        """The outermost account."""
        return self.above[0] if self.above else self.external_id

    @property
    def contact(self) -> str:
        return f"{self.external_id.replace('_', '.')}@customer.example"


# Indented under what it hangs on: id, kind, name. A branch speaks the language named at its root.
TREES = """
dist_cloudlane distributor Cloudlane Marketplace | en
  org_kite organisation Kite and Anchor Studio
    app_kite_play application Anchor Play
      key_kite_03 api_key
        acct_9f2c end_user
        acct_e871 end_user Leila
  org_sakura organisation 株式会社さくら翻訳
    ws_sakura workspace 翻訳第二課
      key_sakura_12 api_key
        acct_4e90 end_user 田中
org_northwind organisation Northwind Voice Ltd | en
  ws_northwind workspace Voices and lines
    app_northwind_desk application Northwind Helpdesk
      key_northwind_41 api_key
        acct_77ab end_user
      key_northwind_42 api_key
org_halcyon organisation Halcyon Bank | en
  app_halcyon_chat application Halcyon Chat
    key_halcyon_07 api_key
      acct_b02d end_user Jonas
  app_halcyon_score application Halcyon Scoring
org_alnoor organisation مجموعة النور للتجارة | ar
  ws_alnoor workspace فريق المتجر
    app_alnoor_shop application متجر النور
      key_alnoor_05 api_key
        acct_5c01 end_user سارة
        acct_a7f4 end_user كريم
org_beihe organisation 北河出行 | en
  app_beihe_ride application 北河助手
    key_beihe_21 api_key
      acct_c3d8 end_user 小林
org_volna organisation Волна Медиа | en
  ws_volna workspace Редакция новостей
    app_volna_posts application Волна Посты
      key_volna_09 api_key
        acct_11de end_user Ирина К.
        acct_60b3 end_user Олег
org_cerisier organisation Éditions du Cerisier | fr
  ws_cerisier workspace Atelier des lectures
    app_cerisier_lire application Cerisier à lire
      key_cerisier_02 api_key
        acct_d4a6 end_user Margaux
org_puerta organisation Clínica Puerta Verde | es
  app_puerta_citas application Puerta Citas
    key_puerta_18 api_key
      acct_2b7e end_user Tomás
      acct_8c55 end_user Inés
org_meadow organisation Meadow Research Collective | en
  ws_meadow workspace Evaluation lab
    key_meadow_31 api_key
      acct_3f19 end_user
"""


def accounts() -> list[Account]:
    """Every account, parents first."""
    found: list[Account] = []
    above: list[Account] = []
    for line in TREES.strip().splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        del above[depth:]
        words, _bar, language = line.partition("|")
        external_id, kind, *name = words.split()
        speaks = language.strip() or above[0].language
        standing = tuple(account.external_id for account in above)
        found.append(Account(external_id, kind, " ".join(name), standing, speaks))
        above.append(found[-1])
    return found


def register() -> dict[str, Subject]:
    """The accounts by their external id, registered in this order if they are not."""
    known = dict(settings.LANGUAGES)
    made = {subject.external_id: subject for subject in Subject.objects.all()}
    for account in accounts():
        if account.external_id in made:
            continue
        subject = Subject(
            external_id=account.external_id,
            kind=account.kind,
            name=account.name,
            parent=made[account.above[-1]] if account.above else None,
            contact=account.contact,
            language=account.language if account.language in known else settings.LANGUAGE_CODE,
        )
        subject.register(actor=DEMO)
        made[account.external_id] = subject
    return made
