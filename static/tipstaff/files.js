/* Files in forms: drop them, paste a screenshot, see and remove what is chosen, and how far sending is. The input itself
   holds what is chosen, so that the form is the same one without this script. Words come from the template's data. */
(() => {
  "use strict";
  const root = document.documentElement;
  if ("filesReady" in root.dataset) return; // two inputs on one page bring the script twice
  root.dataset.filesReady = "";

  const boxes = () => [...document.querySelectorAll("[data-files]")];
  const inputOf = (box) => box.querySelector("input[type=file]");
  const size = (bytes) => {
    const [unit, amount] = bytes < 1e3 ? ["byte", bytes] : bytes < 1e6 ? ["kilobyte", bytes / 1e3] : ["megabyte", bytes / 1e6];
    return new Intl.NumberFormat(root.lang, { style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short", maximumFractionDigits: 1 }).format(amount);
  };
  /* Letters that turn the direction of a name around hide what kind of file it is. */
  const plain = (name) => name.replace(/[\u0000-\u001f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");

  function wrong(box, sentence) {
    const place = box.querySelector("[data-files-wrong]");
    place.textContent = sentence;
    place.hidden = !sentence;
  }

  function hold(box, files) {
    const input = inputOf(box);
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    input.files = carrier.files;
    const list = box.querySelector("[data-files-list]");
    const row = box.querySelector("template").content.firstElementChild;
    list.replaceChildren(...files.map((file) => {
      const item = row.cloneNode(true);
      const remove = item.querySelector("button");
      item.querySelector("bdi").textContent = plain(file.name);
      item.querySelector("small").textContent = size(file.size);
      remove.setAttribute("aria-label", remove.getAttribute("aria-label").replace("%s", () => plain(file.name)));
      remove.addEventListener("click", () => {
        wrong(box, "");
        hold(box, kept.get(box).filter((one) => one !== file));
        (list.querySelector("button") || input).focus();
      });
      return item;
    }));
    list.hidden = files.length === 0;
    kept.set(box, files);
  }
  const kept = new Map(boxes().map((box) => [box, []]));

  function take(box, files) {
    const most = Number(box.dataset.most);
    const chosen = most === 1 ? [] : [...kept.get(box)];
    const same = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;
    let said = "";
    for (const file of files) {
      if (chosen.some((one) => same(one, file))) continue;
      if (file.size > Number(box.dataset.bytes)) said = box.dataset.wordLarge.replace("%s", () => plain(file.name));
      else if (chosen.length >= most) said = box.dataset.wordMany;
      else chosen.push(file);
    }
    hold(box, chosen);
    wrong(box, said);
  }

  for (const box of boxes()) {
    const input = inputOf(box);
    box.querySelector("[data-files-hint]").hidden = false;
    input.addEventListener("change", () => take(box, [...input.files]));
    box.addEventListener("dragover", (event) => { event.preventDefault(); box.classList.add("over"); });
    box.addEventListener("dragleave", () => box.classList.remove("over"));
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      box.classList.remove("over");
      take(box, [...event.dataTransfer.files]);
    });
    if (input.files.length) take(box, [...input.files]); // a browser that came back kept them
  }
  /* A file dropped beside the box would otherwise replace the page, and what was typed. */
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (boxes().length && event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
  }

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    const seen = boxes().filter((box) => box.checkVisibility());
    const box = seen.find((one) => one.closest("form")?.contains(event.target)) || seen[0];
    if (!files.length || !box) return;
    event.preventDefault();
    const at = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
    take(box, files.map((file, place) => file.name === "image.png"
      ? new File([file], `screenshot-${at}${place ? `-${place}` : ""}.png`, { type: file.type, lastModified: file.lastModified })
      : file));
  });

  /* --- Sending, with a bar. The answer takes the page's place as it would have without us. --- */
  function shown(request) {
    if (request.responseURL && request.responseURL !== location.href) history.replaceState(null, "", request.responseURL);
    document.open();
    document.write(request.responseText);
    document.close();
    scrollTo(0, 0);
  }

  function send(form, box, submitter) {
    const request = new XMLHttpRequest();
    const place = box.querySelector("[data-files-sending]");
    const bar = place.querySelector("progress");
    const told = place.querySelector("p");
    const buttons = [...form.querySelectorAll("button:not([type=button]), input[type=submit]")].filter((one) => !one.disabled);
    const body = new FormData(form, submitter);
    const still = (sending) => {
      for (const button of buttons) button.disabled = sending;
      place.hidden = !sending;
      if (sending) form.dataset.sent = ""; else delete form.dataset.sent;
    };
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      const share = Math.floor((event.loaded / event.total) * 100);
      if (bar.value === share) return;
      bar.value = share;
      if (share % 10 === 0) told.textContent = box.dataset.wordSending.replace("%s", share);
    });
    request.addEventListener("load", () => shown(request));
    for (const failure of ["error", "abort", "timeout"]) {
      request.addEventListener(failure, () => { still(false); wrong(box, box.dataset.wordLost); });
    }
    wrong(box, "");
    bar.value = 0;
    still(true);
    request.open("POST", submitter?.getAttribute("formaction") || form.getAttribute("action") || location.href);
    request.send(body);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const box = boxes().find((one) => form.contains(one) && inputOf(one).files.length);
    if (event.defaultPrevented || form.method !== "post" || !box) return;
    event.preventDefault();
    send(form, box, event.submitter);
  });
})();
