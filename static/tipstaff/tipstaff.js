/* Tipstaff's one script. Every page works without it: it adds keys, copying, a double-submit guard, relative times,
   countdowns and the lease heartbeat. Behaviour is asked for by data attributes; words to show come from <html data-word-*>. */
(() => {
  "use strict";
  const root = document.documentElement;
  const word = (name, fallback) => root.dataset["word" + name] || fallback;
  root.classList.add("js");

  /* --- Time. The server says what time it is (a demo may move its clock); we only count on from there. --- */
  const skew = root.dataset.now ? Date.parse(root.dataset.now) - Date.now() : 0;
  const now = () => Date.now() + (Number.isNaN(skew) ? 0 : skew);
  const language = root.lang || "en";
  const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const SPANS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

  function relative(seconds) {
    for (const [unit, size] of SPANS) {
      if (Math.abs(seconds) >= size) return ago.format(Math.trunc(seconds / size), unit);
    }
    return ago.format(0, "minute");
  }

  function units(seconds) {
    const parts = [];
    for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
      const count = Math.floor(seconds / size);
      seconds -= count * size;
      if (count && parts.length < 2) {
        const format = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "narrow" });
        parts.push(format.formatToParts(count).map((p) => (p.type === "unit" ? "\u00a0" + p.value.trim() : p.value)).join(""));
      } else if (parts.length) break;
    }
    return parts.join(" ");
  }

  function tick() {
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const at = Date.parse(time.dateTime);
      if (Number.isNaN(at)) continue;
      if (!time.title) time.title = time.textContent.trim();
      time.textContent = relative((at - now()) / 1000);
    }
    for (const clock of document.querySelectorAll("[data-countdown]")) {
      const left = Math.round((Date.parse(clock.dataset.countdown) - now()) / 1000);
      if (Number.isNaN(left)) continue;
      const late = left < 0;
      const span = units(Math.abs(left)) || units(60);
      clock.textContent = (late ? word("Late", "%s late") : "short" in clock.dataset ? "%s" : word("Due", "due in %s")).replace("%s", span);
      if (late) {
        const chip = clock.closest(".chip");
        if (chip) { chip.classList.remove("due"); chip.classList.add("late"); }
      }
    }
  }

  /* --- Keys. What carries data-key="n" is pressed by n, "g q" by one after the other, "Ctrl+Enter" from anywhere; `?`
     lists what this page offers. The server remembers for each person whether single letters act. --- */
  const keysAre = (on) => { root.dataset.keys = on ? "on" : "off"; };
  if (!root.dataset.keys) keysAre(true);

  const keyed = () => [...document.querySelectorAll("[data-key]")].filter((e) => e.dataset.key && !e.disabled && (e.checkVisibility() || e.closest(".drop, [popover]")));
  const label = (e) => e.dataset.label || e.getAttribute("aria-label") ||
    [...e.querySelectorAll("span, strong"), e].map((from) => [...from.childNodes].filter((n) => n.nodeName !== "KBD" && n.nodeName !== "SMALL").map((n) => n.nodeType === 3 ? n.textContent : "").join(" ").replace(/\s+/g, " ").trim()).find(Boolean) || "";
  const groupOf = (e) => e.closest("[aria-label]:not([data-key])")?.getAttribute("aria-label") || word("Page", "This page");

  function showKeys() {
    const dialog = document.getElementById("keys");
    if (!dialog || dialog.open) return;
    const groups = Map.groupBy ? Map.groupBy(keyed(), groupOf) : new Map([[word("Page", "This page"), keyed()]]);
    const list = dialog.querySelector(".keymap");
    list.replaceChildren(...[...groups].flatMap(([name, entries]) => {
      const heading = document.createElement("h3");
      const lines = document.createElement("dl");
      heading.textContent = name;
      for (const e of entries) {
        const dt = document.createElement("dt");
        const dd = document.createElement("dd");
        for (const part of e.dataset.key.split(" ")) {
          const kbd = document.createElement("kbd");
          kbd.textContent = part;
          dt.append(kbd, " ");
        }
        dd.textContent = label(e);
        lines.append(dt, dd);
      }
      return [heading, lines];
    }));
    dialog.querySelector("[data-keys-none]").hidden = groups.size > 0;
    dialog.querySelector("[data-keys-switch]").checked = root.dataset.keys !== "off";
    dialog.showModal();
  }

  function press(target, code) {
    if (target.matches("[data-hold]")) { target.dispatchEvent(new CustomEvent("hold", { bubbles: true, detail: code })); return; }
    const held = target.matches("label") ? target.control : target.matches("[data-digits]") ? target.querySelector(":checked, input") : target;
    if (held && held.matches("input:not([type=radio], [type=checkbox]), select, textarea") || target.matches("[data-digits]")) held.focus();
    else if (target.matches("summary")) {
      const box = target.parentElement;
      box.open = true;
      (box.querySelector("input:not([type=hidden]), select, textarea, button") || target).focus();
    } else if (target.matches("a[href^='#']")) {
      const place = document.querySelector(target.getAttribute("href"));
      if (place) { place.scrollIntoView({ block: "start" }); place.tabIndex = -1; place.focus({ preventScroll: true }); }
    } else target.click();
    if (target.matches("label")) target.dispatchEvent(new CustomEvent("pressed", { bubbles: true }));
  }

  let before = "";
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
    const all = () => keyed().filter((e) => !e.closest("dialog"));
    const act = (key) => {
      const target = all().find((e) => e.dataset.key.toLowerCase() === key.toLowerCase());
      if (target) { event.preventDefault(); press(target, event.code); }
      return target;
    };
    if (event.ctrlKey || event.metaKey) {
      if (event.key === "Enter" || (event.key.toLowerCase() === "k" && !event.shiftKey)) act((event.shiftKey ? "Shift+" : "") + "Ctrl+" + event.key);
      return;
    }
    const radio = event.target.closest("[data-digits] input[type=radio]");
    if (radio && /^[0-9]$/.test(event.key)) {
      const wanted = [...radio.form.elements[radio.name]].find((one) => one.value === event.key);
      if (wanted) { event.preventDefault(); wanted.click(); wanted.focus(); }
      return;
    }
    if (event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable], [role=textbox]")) return;
    if (event.key === "?") { event.preventDefault(); showKeys(); return; }
    if (root.dataset.keys === "off" || event.key.length !== 1 || event.key === " ") return;
    const pair = before ? before + " " + event.key : "";
    before = "";
    if (pair && act(pair)) return;
    if (act(event.key)) return;
    if (all().some((e) => e.dataset.key.startsWith(event.key.toLowerCase() + " "))) {
      before = event.key.toLowerCase();
      setTimeout(() => { before = ""; }, 1500);
    }
  });

  /* --- Saying things: one polite live region. --- */
  function say(text) {
    const region = document.getElementById("say");
    if (!region) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 30);
  }

  document.addEventListener("say", (event) => say(event.detail));

  document.addEventListener("click", async (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      if (opener.dataset.opens === "keys") showKeys();
      else {
        const dialog = document.getElementById(opener.dataset.opens);
        if (dialog?.showModal) { event.preventDefault(); dialog.showModal(); dialog.querySelector("input")?.select(); }
      }
    }
    const copier = event.target.closest("[data-copy]");
    if (copier) {
      try {
        await navigator.clipboard.writeText(copier.dataset.copy);
        const before = copier.textContent;
        copier.textContent = word("Copied", "Copied");
        say(word("Copied", "Copied"));
        setTimeout(() => { copier.textContent = before; }, 1500);
      } catch { say(word("Uncopied", "This browser did not allow copying.")); }
    }
    for (const menu of document.querySelectorAll("details.drop[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.drop[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-keys-switch]")) keysAre(event.target.checked);
  });

  /* --- One press, one submission. The button's name and value are read before we disable it; `data-again` opts out. --- */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.target || "again" in form.dataset) return;
    if ("sent" in form.dataset) { event.preventDefault(); return; }
    setTimeout(() => {
      if (event.defaultPrevented) return; // htmx took it, and guards its own requests
      form.dataset.sent = "";
      const outside = form.id ? document.querySelectorAll(`button[form="${CSS.escape(form.id)}"]`) : [];
      for (const button of [...form.querySelectorAll("button:not([type=button]), input[type=submit]"), ...outside]) {
        if (!button.disabled) { button.disabled = true; button.dataset.guarded = ""; }
      }
    });
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("[data-guarded]")) { button.disabled = false; delete button.dataset.guarded; }
  });

  /* --- HTMX: new content gets its times; a lost connection is said; a lease lives while somebody looks. --- */
  document.addEventListener("htmx:afterSwap", tick);
  for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(failure, () => say(word("Unreached", "That did not reach the server. Nothing was changed; try again.")));
  }
  /* <div data-heartbeat="60" hx-post="…" hx-trigger="heartbeat"> is sent every 60 s while the page has the focus. */
  let beats = 0;
  setInterval(() => {
    beats += 15;
    if (!document.hasFocus()) return;
    for (const lease of document.querySelectorAll("[data-heartbeat]")) {
      if (beats % (Number(lease.dataset.heartbeat) || 60) === 0) lease.dispatchEvent(new Event("heartbeat"));
    }
  }, 15000);

  /* --- Reading evidence: turns by key, what is selected, and rectangles drawn over a picture. --- */
  const turns = () => [...document.querySelectorAll("[data-turn]")];
  function go(step) {
    const all = turns();
    const place = all.findIndex((turn) => turn.hasAttribute("data-current"));
    const next = all[Math.min(all.length - 1, Math.max(0, place + step))];
    if (!next) return;
    for (const turn of all) turn.toggleAttribute("data-current", turn === next);
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("focusin", (event) => {
    const within = event.target.closest("[data-turn]");
    if (within) for (const turn of turns()) turn.toggleAttribute("data-current", turn === within);
  });
  document.addEventListener("click", (event) => {
    const act = event.target.closest("[data-turns]")?.dataset.turns;
    if (act === "next") go(1);
    if (act === "previous") go(-1);
    if (act === "cite") document.querySelector("[data-turn][data-current] [name=cite]")?.click();
    if (event.target.closest("[data-hide-selection]")) {
      const selection = getSelection();
      for (const line of selection.isCollapsed ? [] : document.querySelectorAll("[data-line]")) {
        if (selection.containsNode(line, true)) line.querySelector("input").checked = true;
      }
    }
  });
  for (const picture of document.querySelectorAll("[data-draw] img")) {
    const typed = document.querySelector("[data-boxes]");
    const box = document.createElement("div");
    let from = null;
    box.className = "box";
    picture.draggable = false;
    picture.parentElement.append(box);
    const at = (event) => {
      const edge = picture.getBoundingClientRect();
      const clip = (value, most) => Math.round(Math.min(most, Math.max(0, value)));
      return [clip(event.clientX - edge.left, edge.width), clip(event.clientY - edge.top, edge.height), picture.width && picture.getAttribute("width") / edge.width];
    };
    picture.addEventListener("pointerdown", (event) => { from = at(event); picture.setPointerCapture(event.pointerId); event.preventDefault(); });
    picture.addEventListener("pointermove", (event) => {
      if (!from) return;
      const to = at(event);
      Object.assign(box.style, { left: Math.min(from[0], to[0]) + "px", top: Math.min(from[1], to[1]) + "px", width: Math.abs(to[0] - from[0]) + "px", height: Math.abs(to[1] - from[1]) + "px" });
    });
    picture.addEventListener("pointerup", (event) => {
      if (!from || !typed) return;
      const to = at(event);
      const numbers = [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])];
      from = null;
      if (numbers[2] > 2 && numbers[3] > 2) typed.value = (typed.value.trim() + "\n" + numbers.map((n) => Math.round(n * to[2])).join(" ")).trim() + "\n";
    });
  }
  for (const shown of document.querySelectorAll("[data-turns][hidden], [data-when-script][hidden]")) shown.hidden = false;

  tick();
  setInterval(tick, 30000);
  for (const opener of document.querySelectorAll("[data-opens][hidden]")) opener.hidden = false;
})();
