// What a page does more with a script; without it everything works as well.
(() => {
  "use strict";
  const keys = {};
  const parts = (document.body.dataset.keys || "").trim().split(" ");
  for (let i = 0; i + 1 < parts.length; i += 2) keys[parts[i]] = parts[i + 1];

  // Single keys, while the cursor is in no field. A link or field on the page
  // that names the key comes before the page that the key leads to.
  document.addEventListener("keydown", (e) => {
    if (!("keys" in document.body.dataset) || e.ctrlKey || e.metaKey || e.altKey || e.key === " ") return;
    if (e.target.closest("input,select,textarea,[contenteditable]")) {
      if (e.key === "Escape") e.target.blur();
      return;
    }
    const here = document.querySelector(`[data-key="${CSS.escape(e.key)}"]`) || (e.key === "/" && document.getElementById("q"));
    if (here) {
      e.preventDefault();
      here.matches("input,select") ? here.focus() : here.click();
    } else if (keys[e.key]) {
      e.preventDefault();
      location.assign(keys[e.key]);
    }
  });

  // A form that is sent twice takes effect once; one that is not sent twice
  // does not even ask.
  document.addEventListener("submit", (e) => {
    if (e.defaultPrevented) return;
    if (e.target.dataset.sent) e.preventDefault();
    e.target.dataset.sent = "1";
    setTimeout(() => delete e.target.dataset.sent, 5000);
  });
  addEventListener("pageshow", () => document.querySelectorAll("form").forEach((f) => delete f.dataset.sent));

  // Light and dark change without a new page: what is typed stays.
  document.addEventListener("click", (e) => {
    const button = e.target.closest("button[name=tema]");
    if (!button) return;
    e.preventDefault();
    const theme = { claro: "light", escuro: "dark" }[button.value];
    const html = document.documentElement;
    theme ? (html.dataset.theme = theme) : delete html.dataset.theme;
    for (const other of button.form.elements.namedItem("tema")) other.ariaPressed = String(other === button);
    fetch(button.form.action, { method: "POST", body: new URLSearchParams({ tema: button.value }), redirect: "manual" });
  });

  // What is shown once is copied with one click.
  for (const secret of document.querySelectorAll("[data-copy]")) {
    const copy = document.createElement("button");
    copy.type = "button";
    copy.className = "btn";
    copy.textContent = secret.dataset.copy;
    copy.addEventListener("click", () => navigator.clipboard.writeText(secret.textContent).then(() => (copy.textContent += " ✓")));
    if (navigator.clipboard) secret.after(copy);
  }

  // A phone's decimal keyboard has no plus.
  for (const field of document.querySelectorAll("input[data-sum]")) {
    const plus = document.createElement("button");
    plus.type = "button";
    plus.className = "btn plus";
    plus.textContent = "+";
    plus.ariaLabel = field.dataset.sum;
    plus.addEventListener("click", () => {
      if (field.value.trim() && !field.value.trim().endsWith("+")) field.value += "+";
      field.focus();
    });
    field.after(plus);
  }
})();
