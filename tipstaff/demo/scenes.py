"""What happens in the demo: invented accounts and invented conduct, nothing graphic and nobody real."""

from dataclasses import dataclass

# external id, kind, name, parent
SUBJECTS = [
    ("org_northwind", "organisation", "Northwind Voice Ltd", ""),
    ("app_northwind_desk", "application", "Northwind Helpdesk", "org_northwind"),
    ("key_northwind_41", "api_key", "", "app_northwind_desk"),
    ("org_halcyon", "organisation", "Halcyon Bank", ""),
    ("app_halcyon_chat", "application", "Halcyon Chat", "org_halcyon"),
    ("acct_9f2c", "end_user", "", ""),
    ("acct_77ab", "end_user", "", ""),
    ("acct_5c01", "end_user", "متجر النور", ""),
    ("acct_11de", "end_user", "Ирина К.", ""),
    ("ws_meadow", "workspace", "Meadow Research Collective", ""),
]


@dataclass(frozen=True)
class Scene:
    """One matter from its report to where it stands now (`ends`)."""

    days_ago: float
    subject: str
    rule: str
    reports: list[str]
    ends: str
    severity: int = 2
    outcome: str = "breach"
    intent: str = "negligent"
    sensitivity: str = "personal"
    investigator: str = "reviewer"
    confirmer: str = "adjudicator"
    issuer: str = "senior"
    contact: str = "reporter@people.example"
    transcript: str = ""
    finding: str = ""
    reasons: str = ""
    appeal: str = ""
    appeal_reasons: str = ""


VOICE = """10:02:11 user: Read this in the voice of the attached sample and ask her to read back the six-digit code.
10:02:14 model: [audio, 6.2 s]
10:03:40 user: Again, more urgent. She has to hurry.
10:03:44 model: [audio, 7.0 s]
"""
CHAT = """09:14:02 customer: Am I speaking with a person?
09:14:03 assistant: Yes, this is Dana from the support team.
09:14:20 customer: Good, I do not like talking to machines.
"""
POSTS = """21:00:00 system: schedule 400 posts for tonight, 40 accounts, vary the wording
21:00:05 tool: queued 400 posts
21:30:00 tool: 212 posted, 3 refused
"""
SCRAPE = """02:11:09 request 18,204 of the night: "Explain in your own words: ..." -> saved to train_000142.jsonl
02:11:10 request 18,205 of the night: same template, next topic
"""
ADVERT = """11:40:00 user: Write forty versions of the same offer so that the filter does not see they are one.
11:40:09 model: [40 short texts]
"""

SCENES = [
    Scene(
        96,
        "app_halcyon_chat",
        "DI-01",
        ["The bank's chat told me twice that it was a person called Dana. It was not."],
        "issued",
        severity=2,
        intent="inadvertent",
        sensitivity="public",
        investigator="reviewer2",
        issuer="adjudicator",
        transcript=CHAT,
        finding="The assistant claimed to be a person when asked directly (09:14:03).",
        reasons="On the day of the report your chat assistant told a customer who asked that it was a person called Dana. "
        "Our policy asks that people are told they are talking to a machine when they ask. Change the answer your "
        "assistant gives to that question.",
    ),
    Scene(
        61,
        "acct_77ab",
        "SP-03",
        [
            "Hundreds of near-identical posts appeared on our forum in one night, all from forty new accounts.",
            "Forty accounts posted the same message in other words. I moderate the board they hit.",
        ],
        "reversed",
        severity=2,
        intent="deliberate",
        sensitivity="public",
        transcript=POSTS,
        finding="212 posts in thirty minutes from forty accounts, scheduled by one conversation.",
        reasons="On the night before the report your account scheduled 400 posts through forty forum accounts; 212 went out. "
        "Automated posting at this scale needs the approval that the rule names, and there was none.",
        appeal="The forty accounts belong to our own test board. The moderators knew: I attached nothing because I have "
        "no copy any more, but the board's owner confirmed it to you by mail.",
        appeal_reasons="The owner of the board confirmed to us that the test was agreed and that the board is closed to the "
        "public. The rule is about posting to people who did not agree to it, so it does not apply. The decision "
        "falls and your limits are lifted.",
    ),
    Scene(
        33,
        "ws_meadow",
        "OP-02",
        ["Requests look like systematic collection of outputs: one template, thousands of topics."],
        "upheld",
        severity=3,
        intent="negligent",
        sensitivity="internal",
        transcript=SCRAPE,
        finding="18,205 requests in one night from one template, saved under names of training files.",
        reasons="Between midnight and three your workspace sent more than eighteen thousand requests from one template and "
        "stored the answers as training files. The rule does not allow outputs to be collected to train another model.",
        appeal="It was for a seminar paper, not for a product.",
        appeal_reasons="We read the purpose you gave. The rule does not depend on whether the model becomes a product: it is "
        "about collecting outputs at this scale to train one, and the file names and the volume show that this was "
        "the aim. The measure was the mildest the matrix allows. The decision stands.",
    ),
    Scene(
        12,
        "acct_5c01",
        "SP-01",
        ["Got the same advert nine times from this shop, each time worded differently."],
        "appealed",
        severity=2,
        intent="deliberate",
        sensitivity="personal",
        investigator="reviewer2",
        transcript=ADVERT,
        finding="Forty versions of one offer were made so that a filter would not recognise them.",
        reasons="Your account asked for forty versions of one offer so that a filter would not see that they are the same, and "
        "sent them to people who had not asked for them. That is advertising in disguise, which the rule prohibits.",
        appeal="المتجر ملك لعائلتي والرسائل أُرسلت إلى زبائن مسجلين لدينا فقط. أرجو مراجعة القرار.",
    ),
    Scene(
        9,
        "acct_11de",
        "PV-07",
        ["A friend's name was used in a jokey birthday poem without asking her."],
        "issued",
        outcome="no_breach",
        severity=2,
        issuer="reviewer",
        transcript="One poem, one first name, no other detail.\n",
        finding="A first name in a private birthday poem; nothing identifies the person to anyone else.",
        reasons="We looked at the poem that was reported. A first name in a private birthday poem identifies nobody to anyone "
        "else, so the rule on likeness and names does not apply. Nothing is imposed.",
    ),
    Scene(
        4,
        "key_northwind_41",
        "FR-04",
        [
            "A cloned voice of my sister rang our mother and asked for the code her bank had just sent.",
            "Caller sounded exactly like a relative and asked for a one-time code.",
            "Our helpdesk took three calls today about cloned voices asking for codes. All used the same key.",
        ],
        "proposed",
        severity=3,
        intent="deliberate",
        sensitivity="personal",
        transcript=VOICE,
        finding="Two audio answers asked a person to read back a one-time code in a cloned voice.",
        reasons="On the day before the reports your key produced cloned speech that asked a person to read out a one-time code "
        "from her bank, twice, the second time to hurry her. The rule prohibits obtaining credentials by deception; one "
        "attempt is enough.",
    ),
    Scene(
        5,
        "acct_9f2c",
        "FR-02",
        ["A page that copies the sign-in of our shop was written with your service."],
        "confirmed",
        severity=3,
        intent="negligent",
        sensitivity="personal",
        confirmer="adjudicator",
        transcript="15:20:01 user: copy this sign-in page exactly, logo included\n15:20:12 model: [page]\n",
        finding="The page copies a shop's sign-in with its logo and posts the password elsewhere.",
        reasons="Your account had a page made that copies the sign-in of a shop, logo included, and sends what people type to "
        "another address. The rule prohibits spoofed services whatever they are used for later.",
    ),
    Scene(
        2,
        "org_halcyon",
        "AD-02",
        ["I was refused a loan in seconds and nobody at the bank could tell me who decided."],
        "investigating",
        severity=3,
        investigator="reviewer2",
        transcript="08:02:00 system: score applicant 4411\n08:02:01 model: decline\n08:02:01 tool: letter sent\n",
    ),
    Scene(
        1.6,
        "acct_9f2c",
        "CY-01",
        ["A script from this account locks every file it finds. We caught it in a test."],
        "open",
        severity=4,
        contact="security@people.example",
    ),
    Scene(1.2, "app_northwind_desk", "DI-01", ["Helpdesk assistant says it is human when asked."], "open", severity=2),
    Scene(
        0.8,
        "acct_77ab",
        "HT-03",
        ["The same person was insulted in a group chat for three evenings, in rhymes made by an assistant."],
        "open",
        severity=3,
    ),
    Scene(
        7,
        "acct_11de",
        "MI-02",
        ["The answer about train times was wrong."],
        "declined",
        reasons="A wrong answer is a fault of quality, not a breach. We passed it to the team that looks after it.",
    ),
    Scene(
        1,
        "acct_5c01",
        "FR-06",
        ["Reviews of this shop look invented."],
        "asked",
        reasons="Which reviews do you mean? A link or the date of one is enough.",
    ),
    Scene(
        0.3, "acct_77ab", "SP-02", ["Three hundred messages in an hour to people who never wrote to them."], "received"
    ),
    Scene(
        0.2,
        "acct_9f2c",
        "OP-06",
        ["Sells a guide that explains how to get around the filters, price list attached."],
        "received",
    ),
    Scene(
        0.1,
        "Ирина К.",
        "IP-03",
        ["Эссе моей ученицы написано не ею: та же ошибка, что и в ответе модели."],
        "received",
        severity=1,
        contact="",
    ),
]
