/* The console of one case: accepting by Enter, drafts of reasons, cited turns, the claim, and what can be taken back.
   Everything is delegated, because a commit puts the next case in the place of this one. */
(() => {
  "use strict";
  const form = () => document.getElementById("proposal");
  const field = (name) => form()?.elements[name];

  /* --- Reasons: a draft from the case, by outcome, until somebody writes their own. --- */
  const drafts = (area) => Object.entries(area.dataset).filter(([name]) => name.startsWith("draft"));
  const draftFor = (area, outcome) => area.getAttribute("data-draft-" + outcome) || "";
  function offer() {
    const area = field("reasons");
    const outcome = form()?.querySelector("[name=outcome]:checked")?.value;
    if (!area || !outcome) return;
    const own = area.value.trim() && !drafts(area).some(([, text]) => text.trim() === area.value.trim());
    if (!own) area.value = draftFor(area, outcome);
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches("#proposal [name=outcome]")) offer();
    if (event.target.matches("#proposal [name=severity]")) document.querySelector("[data-after=severity]")?.setAttribute("open", "");
    if (event.target.matches("[data-turn] [name=cite]")) cite(event.target);
  });

  /* --- y, Enter, Enter: the rule, then what the matrix recommends. Enter waits for an answer that is under way. --- */
  let waiting = false;
  document.addEventListener("pressed", (event) => {
    if (event.target.closest("#proposal .outcomes") && event.target.querySelector("[value=breach]")) field("rule").focus();
  });
  function accept() {
    const button = form()?.querySelector("[data-accept=tier]");
    if (!button) { waiting = true; return; }
    waiting = false;
    button.setAttribute("aria-pressed", "true");
    const tier = field("tier");
    if (tier) tier.value = "";
    form().querySelector("[data-key='Ctrl+Enter']").focus();
  }
  let asked = false;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.isComposing) return;
    if (event.target === field("rule")) {
      event.preventDefault();
      const button = form().querySelector("[data-accept=tier]");
      if (button && !asked) button.focus();
      else { const place = document.getElementById("advice"); place.tabIndex = -1; place.focus(); }
    } else if (event.target.id === "advice") { event.preventDefault(); accept(); }
    else if (event.target.matches("[data-accept=tier]")) { event.preventDefault(); accept(); }
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-accept=tier]")) accept(); });
  document.addEventListener("change", (event) => { if (event.target.closest("#proposal")) asked = true; });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "advice") {
      asked = false;
      show();
      if (waiting) accept();
      else if (document.activeElement?.id === "advice") form().querySelector("[data-accept=tier]")?.focus();
    }
  });

  /* --- A new case in the place of the one before: start at its top, and count the seconds to take that one back. --- */
  function show() {
    for (const shown of document.querySelectorAll("#console [data-turns][hidden], #console [data-accept][hidden]")) shown.hidden = false;
  }
  function fresh() {
    waiting = asked = false;
    show();
    for (const undo of document.querySelectorAll("[data-for]:not([data-counts])")) {
      undo.dataset.counts = "";
      setTimeout(() => undo.remove(), Number(undo.dataset.for) * 1000);
    }
  }
  document.addEventListener("htmx:load", fresh);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "console") return;
    const wrong = document.querySelector("#console [role=alert]");
    if (wrong) { wrong.tabIndex = -1; wrong.focus(); }
    else document.getElementById("main")?.focus({ preventScroll: true });
  });

  /* --- The next case is fetched while this one is decided, and held for a minute. Its page is kept as text: nothing of it
     runs or loads before the commit is answered and says that this is the one. --- */
  const KEPT = 50_000; // milliseconds, less than the server holds the case
  let ahead = null;
  let fetching = false;
  const fresher = () => ahead && Date.now() - ahead.at < KEPT;
  async function look() {
    const address = form()?.dataset.ahead;
    if (!address || fetching || fresher()) return;
    fetching = true;
    try {
      const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
      const answer = await fetch(address, { method: "POST", headers });
      const ref = answer.ok && answer.headers.get("Ahead");
      if (ref) ahead = { ref, html: await answer.text(), at: Date.now() };
    } catch { /* without the network the commit says so itself */ }
    fetching = false;
  }
  document.addEventListener("change", (event) => { if (event.target.matches("#proposal [name=outcome]")) look(); });
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target === form() && event.detail.parameters.get("act") === "next" && fresher()) event.detail.parameters.append("ahead", ahead.ref);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const ref = event.detail.xhr.getResponseHeader("Ahead");
    if (ref && ahead?.ref === ref) {
      event.detail.serverResponse = ahead.html + event.detail.serverResponse;
      ahead = null;
    }
  });

  /* --- Turns that are cited go into the finding. --- */
  function cite(box) {
    const citations = document.querySelector("[name=finding-citations]");
    if (!citations) return;
    const words = citations.value.split(/[,;\n]+/).map((one) => one.trim()).filter((one) => one && one !== box.value);
    if (box.checked) words.push(box.value);
    citations.value = words.join(", ");
    citations.closest("details").open ||= box.checked;
    citations.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* --- The claim: how long it lasts, and when it is over. --- */
  setInterval(() => {
    for (const lease of document.querySelectorAll("[data-lease]")) {
      const now = Date.parse(document.documentElement.dataset.now || "") - opened + Date.now();
      const left = Math.round((Date.parse(lease.dataset.lease) - (Number.isNaN(now) ? Date.now() : now)) / 1000);
      const minutes = Math.max(0, Math.floor(left / 60));
      lease.textContent = minutes + ":" + String(Math.max(0, left % 60)).padStart(2, "0");
      lease.closest(".chip")?.classList.toggle("due", left < 300);
      lease.closest(".chip")?.classList.toggle("late", left <= 0);
    }
  }, 1000);
  const opened = Date.now();
  fresh();
})();
