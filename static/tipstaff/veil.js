/* Hold to view. What is behind a veil is fetched when somebody presses, stands in the page while they hold, and is taken
   out of it as soon as they let go or look elsewhere. Each press is one act of showing, written down by the server. Without
   this script the same button shows it for two minutes. */
(() => {
  "use strict";
  const say = (detail) => document.dispatchEvent(new CustomEvent("say", { detail }));
  let open = null; // what is held: its button, how, and what stands in the page for it
  let grey = true;

  /* Turns that were ticked while they were shown stay cited when they are covered again. */
  function keepTicks(place) {
    for (const box of place.querySelectorAll("[name=cite]:checked")) {
      const form = box.form;
      if (!form || form.querySelector(`[data-ticked][value="${CSS.escape(box.value)}"]`)) continue;
      const kept = document.createElement("input");
      Object.assign(kept, { type: "hidden", name: "cite", value: box.value });
      kept.dataset.ticked = "";
      form.append(kept);
    }
  }
  function tickAgain(place) {
    for (const kept of document.querySelectorAll("[data-ticked]")) {
      const box = place.querySelector(`[name=cite][value="${CSS.escape(kept.value)}"]`);
      if (box) { box.checked = true; kept.remove(); }
    }
  }

  function lower() {
    if (!open) return;
    const was = open;
    open = null;
    was.stop.abort();
    clearTimeout(was.timer);
    if (was.place) { keepTicks(was.place); was.place.remove(); }
    if (was.stills) was.stills.hidden = false;
    was.button.removeAttribute("aria-pressed");
    const back = was.button.form?.querySelector("[data-lower]");
    if (back) back.hidden = true;
    if (!was.place) say(was.button.dataset.wordHold);
  }

  async function lift(button, how, code) {
    lower();
    const form = button.form;
    const within = button.closest("article") || form.parentElement;
    const mine = open = { button, how, code, within, stop: new AbortController() };
    mine.timer = setTimeout(lower, Number(button.dataset.hold) * 1000);
    if (form.querySelector("[data-grey]")) form.elements.kind.value = grey ? "grey" : "plain";
    button.setAttribute("aria-pressed", "true");
    form.querySelector("[data-lower]").hidden = false;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "HX-Request": "true" }, signal: mine.stop.signal });
      if (answer.redirected) { location.reload(); return; }
      const html = await answer.text();
      if (open !== mine) return;
      const place = document.createElement("div");
      place.className = "held";
      place.innerHTML = html;
      mine.stills = within.querySelector(".stills");
      const after = mine.stills || form.closest(".body") || form;
      if (mine.stills) mine.stills.hidden = true;
      after.after(place);
      mine.place = place;
      tickAgain(place);
      window.htmx?.process(place);
    } catch {
      if (open === mine) { lower(); say(document.documentElement.dataset.wordUnreached); }
    }
  }

  /* The key opens what somebody points at or stands in, else the first that is in sight. */
  function meant(first) {
    const all = [...document.querySelectorAll("[data-hold]")].filter((one) => one.checkVisibility());
    const near = all.find((one) => one.closest("article")?.matches(":hover, :focus-within"));
    const seen = all.find((one) => { const box = one.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; });
    if (!near && !seen) first.closest("article")?.scrollIntoView({ block: "start" });
    return near || seen || first;
  }
  document.addEventListener("hold", (event) => lift(meant(event.target), "key", event.detail));
  document.addEventListener("keyup", (event) => {
    if (open?.how === "key" && (event.code === open.code || event.key.toLowerCase() === "v")) lower();
  });
  document.addEventListener("keydown", (event) => {
    if (open && (event.key === "Escape" || event.ctrlKey || event.metaKey || event.altKey)) lower();
  }, true);

  document.addEventListener("pointerdown", (event) => {
    const button = event.target.closest("[data-hold]");
    if (!button || event.button !== 0) return;
    event.preventDefault();
    button.focus({ preventScroll: true });
    button.setPointerCapture(event.pointerId);
    lift(button, "pointer");
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    document.addEventListener(end, () => { if (open?.how === "pointer") lower(); });
  }
  document.addEventListener("contextmenu", (event) => { if (open?.how === "pointer") event.preventDefault(); });

  /* Enter, Space and what assistive software presses open it until they are pressed again: not everybody can hold. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-hold]");
    if (button) {
      event.preventDefault();
      if (event.detail !== 0) return;
      if (open?.button === button) lower();
      else lift(button, "press");
    } else if (event.target.closest("[data-lower]")) lower();
    else if (event.target.closest("[data-grey]")) {
      grey = !grey;
      marks();
      if (open) lift(open.button, open.how, open.code);
    }
  });
  function marks() {
    for (const one of document.querySelectorAll("[data-grey]")) one.setAttribute("aria-pressed", String(grey));
  }
  document.addEventListener("htmx:load", marks);

  /* Whoever looks elsewhere does not look at this. */
  document.addEventListener("focusin", (event) => { if (open && !open.within.contains(event.target)) lower(); });
  document.addEventListener("focusout", (event) => {
    if (open && open.how !== "key" && !open.within.contains(event.relatedTarget)) lower();
  });
  document.addEventListener("htmx:afterSwap", () => { if (open && !open.button.isConnected) lower(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) lower(); });
  for (const away of ["blur", "pagehide", "beforeprint"]) window.addEventListener(away, lower);
})();
