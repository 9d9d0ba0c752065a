"""Answering by signed link what was asked before a decision: no account, no cookie, no JavaScript. GET changes nothing;
the token is the credential.
"""

import json
from collections.abc import Sequence
from datetime import date

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cases.answer_forms import HeardForm, ResearchForm
from cases.models import Claim, Evidence, Hearing
from tipstaff import languages
from tipstaff.access import public
from tipstaff.accounts.limits import limited
from tipstaff.notices.models import Notice
from tipstaff.notices.views import private
from tipstaff.vault import storage
from tipstaff.workflow import references
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import Refused


@csrf_exempt
@public
@limited("answer")
@require_http_methods(["GET", "HEAD", "POST"])
def hearing(request: HttpRequest, token: str) -> HttpResponse:
    """Answer the question of a notice, or see what was asked and answered."""
    notice = Notice.by_token(token)
    asked = references.find(notice.about) if notice else None
    if notice is None or not isinstance(asked, Hearing):
        raise Http404
    languages.speak(request, notice.language)
    return private(_page(request, notice, asked))


def _page(request: HttpRequest, notice: Notice, asked: Hearing) -> HttpResponse:
    if request.method != "POST":
        return _shown(request, notice, asked, HeardForm(), ResearchForm())
    form, research = HeardForm(request.POST, request.FILES), ResearchForm(request.POST)
    if not all((form.is_valid(), research.is_valid())):
        return _shown(request, notice, asked, form, research, status=422)
    answer = form.cleaned_data["answer"].strip()
    try:
        if asked.is_open:  # said before files are taken in; the operation asks again under its lock
            _give(asked, answer, research, form.cleaned_data["files"], LinkHolder("subject", notice.reference))
    except Refused as refusal:
        asked = Hearing.objects.select_related("case__subject").get(pk=asked.pk)
        if asked.is_open:  # a file that is not taken
            form.add_error("files", str(refusal))
            return _shown(request, notice, asked, form, research, status=refusal.status)
    if asked.answer != answer:  # the time is over, or another answer came first: what was typed is shown once more
        return _shown(request, notice, asked, form, research, status=409)
    return redirect(reverse("cases:hearing", args=[notice.token]) + languages.kept(request))


def _give(
    asked: Hearing, answer: str, research: ResearchForm, uploads: Sequence[UploadedFile], actor: LinkHolder
) -> None:
    """Seal question and answer as a conversation of turns, so that each can be cited, and the files beside it. A claim
    of research is a turn as well, and stands in the case with the answer or not at all.
    """
    turns = [{"role": "question", "content": asked.question}, {"role": "account holder", "content": answer}]
    facts = {name: value for name, value in research.cleaned_data.items() if name != "research"}
    if research.claimed:
        turns.append({"role": "account holder", "content": _in_words(**facts)})
    content = "\n".join(json.dumps(turn, ensure_ascii=False) for turn in turns)
    words = SimpleUploadedFile("answer.jsonl", content.encode(), "application/jsonl")
    with storage.received([words, *uploads], actor=actor) as files, transaction.atomic():
        asked.give_answer(actor=actor, answer=answer, files=files)
        if research.claimed:
            Claim(case=asked.case, hearing=asked, made_by=Claim.By.ACCOUNT_HOLDER, **facts).make(actor=actor)


def _in_words(scope: str, began_on: date, ended_on: date, disclosed: str) -> str:
    said = [gettext("I did this as research in good faith"), f"{began_on} – {ended_on}", scope, disclosed]
    return "\n".join(filter(None, said))


def _shown(
    request: HttpRequest, notice: Notice, asked: Hearing, form: HeardForm, research: ResearchForm, *, status: int = 200
) -> HttpResponse:
    sent = Evidence.objects.filter(case=asked.case_id, exhibit__in=asked.exhibits[1:]).select_related("file")
    context = {
        "notice": notice,
        "hearing": asked,
        "form": form,
        "research": research,
        "claim": Claim.objects.filter(hearing=asked).first() if asked.answered_at else None,
        "files": [exhibit.file for exhibit in sent] if asked.exhibits else [],
    }
    return render(request, "cases/hearing_page.html", context, status=status)
