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

  // Enter sends an entry from any field, as from those for text.
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || !e.target.matches(".entry :is(select,[type=checkbox])")) return;
    e.preventDefault();
    e.target.form.querySelector("button:not([type])").click();
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

  // What is at work is asked for until it is over; only what changed is said.
  const watch = async (live) => {
    for (;;) {
      await new Promise((again) => setTimeout(again, 400));
      const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
      if (!answer) continue;
      const next = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
      if (!next) return location.reload();
      const now = live.querySelectorAll("li");
      next.querySelectorAll("li").forEach((li, i) => now[i] && now[i].outerHTML !== li.outerHTML && now[i].replaceWith(li));
    }
  };
  document.querySelectorAll("[data-live]").forEach(watch);

  // A page with whole lists is there to be printed.
  if (document.querySelector("[data-print]")) addEventListener("load", () => print());

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
    plus.tabIndex = -1; // a keyboard has a plus
    plus.addEventListener("click", () => {
      if (field.value.trim() && !field.value.trim().endsWith("+")) field.value += "+";
      field.focus();
    });
    field.after(plus);
  }

  // The day sheet: what an amount comes to, and what the artist brings along,
  // as one types.
  const entry = (echo) => {
    const form = echo.form, at = form.elements, hint = [...echo.childNodes];
    const centavos = (text) => text.split("+").reduce((sum, part) => {
      const m = /^(?:R\$)?\s*(\d{1,8}|[1-9]\d{0,2}(?:\.\d{3})+)(?:[,.](\d\d?))?$/i.exec(part.trim());
      return m ? sum + m[1].replaceAll(".", "") * 100 + +(m[2] || "").padEnd(2, "0") : NaN;
    }, 0);
    const money = (n) => "R$ " + (n / 100).toLocaleString("pt-BR", { minimumFractionDigits: 2 });
    const tell = () => {
      const amount = centavos(at.valor.value);
      const percent = at.percentual ? Math.round(at.percentual.value.replace("%", "").replace(",", ".") * 100) : 0;
      const lines = [["", amount]];
      if (percent > 0 && percent <= 1e4) {
        const share = Math.floor((amount * percent + 5000) / 1e4);
        lines.push(["→ " + echo.dataset.c + " ", share], ["→ " + echo.dataset.s + " ", amount - share]);
      }
      echo.replaceChildren(...(isNaN(amount) ? hint : lines.map(([words, n]) => {
        const span = document.createElement("span"), figure = document.createElement("b");
        figure.textContent = money(n);
        span.append(words, figure);
        return span;
      })));
    };
    form.addEventListener("input", tell);
    tell();

    at.artista.addEventListener("change", () => {
      const offered = at.artista.selectedOptions[0].dataset.p || "";
      if (at.percentual?.value === at.padrao.value.split(":")[1]) at.percentual.value = offered;
      at.padrao.value = at.artista.value + ":" + offered;
      tell();
    });
  };
  const echo = document.getElementById("echo");
  if (echo) entry(echo);

  // Clients, and the open sessions of the named one, as one types.
  for (const field of document.querySelectorAll("[list=clientes]")) {
    const at = field.form.elements;
    let asked;
    field.addEventListener("input", () => {
      clearTimeout(asked);
      asked = setTimeout(async () => {
        const answer = await fetch("/caixa/sugestoes?cliente=" + encodeURIComponent(field.value)).catch(() => 0);
        if (!answer.ok) return;
        const found = new DOMParser().parseFromString(await answer.text(), "text/html");
        field.list.replaceChildren(...found.querySelector("datalist").children);
        if (!at.sessao) return;
        const chosen = at.sessao.value;
        at.sessao.replaceChildren(...found.querySelector("select").children);
        at.sessao.value = chosen;
        if (at.sessao.selectedIndex < 0) at.sessao.selectedIndex = 0;
      }, 150);
    });
  }
})();
