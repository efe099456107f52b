"use strict";
(() => {
  const say = text => { document.getElementById("said").textContent = text; };

  // A cell as plain text; a number gets an ASCII minus and loses its separators, so that a spreadsheet reads it.
  const words = cell => cell.textContent.replace(/\s+/g, " ").trim();
  const number = /^-?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?$/;
  const value = cell => {
    const text = words(cell), ascii = text.replace("\u2212", "-");
    return text && number.test(ascii) ? ascii.replace(/,/g, "") : text;
  };

  // What a spreadsheet would take for a formula is kept as text.
  const safe = text => /^[=+\-@\t\r]/.test(text) && !number.test(text) ? "'" + text : text;
  const quoted = text => /[",\n;]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;

  const grid = table => [...table.rows].map(row =>
    [...row.cells].flatMap(cell => [value(cell), ...Array(cell.colSpan - 1).fill("")]));
  const caption = figure => [...figure.querySelectorAll("figcaption b, figcaption i.title")].map(words);
  const notes = figure => [...figure.querySelectorAll(".notes p")].map(words);

  const csv = figure => [...caption(figure).map(line => [line]), ...grid(figure.querySelector("table")),
    ...notes(figure).map(line => [line])]
    .map(row => row.map(text => quoted(safe(text))).join(",")).join("\r\n") + "\r\n";

  // Rich text for a word processor: rules above, under the header and below, nothing else.
  const rich = figure => {
    const table = figure.querySelector("table").cloneNode(true);
    table.removeAttribute("aria-labelledby");
    table.setAttribute("style", "border-collapse:collapse;border-top:1.5pt solid;border-bottom:1.5pt solid");
    for (const row of table.tHead.rows)
      for (const cell of row.cells)
        cell.setAttribute("style", row === table.tHead.rows[table.tHead.rows.length - 1] || cell.classList.contains("ruled")
          ? "border-bottom:.75pt solid" : "");
    const [number, title] = caption(figure);
    const box = document.createElement("div");
    const line = (tag, text) => { const it = document.createElement(tag); it.textContent = text; return it; };
    const head = document.createElement("p");
    head.append(line("b", number), document.createElement("br"), line("i", title));
    box.append(head, table, ...notes(figure).map(text => line("p", text)));
    return box;
  };

  const selectAndCopy = box => {
    box.style.cssText = "position:fixed;left:-9999px";
    document.body.append(box);
    const range = document.createRange();
    range.selectNodeContents(box);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    const done = document.execCommand("copy");
    selection.removeAllRanges();
    box.remove();
    return done;
  };

  const copy = async figure => {
    const box = rich(figure);
    const plain = [...caption(figure), ...grid(figure.querySelector("table")).map(row => row.join("\t")), ...notes(figure)].join("\n");
    const name = caption(figure)[0];
    try {
      await navigator.clipboard.write([new ClipboardItem({
        "text/html": new Blob([box.innerHTML], {type: "text/html"}),
        "text/plain": new Blob([plain], {type: "text/plain"})})]);
      say(name + " copied");
    } catch (_refused) {
      say(selectAndCopy(box) ? name + " copied" : name + " could not be copied; use CSV");
    }
  };

  const download = figure => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + csv(figure)], {type: "text/csv"}));
    link.download = figure.id + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    say(caption(figure)[0] + " saved as " + link.download);
  };

  const flash = (button, text) => {
    const before = button.dataset.text || (button.dataset.text = button.firstChild.data);
    button.firstChild.data = text;
    setTimeout(() => { button.firstChild.data = before; }, 1500);
  };

  for (const tools of document.querySelectorAll(".tools")) {
    const figure = tools.closest("figure");
    const [first, second] = tools.querySelectorAll("button");
    first.addEventListener("click", () => copy(figure).then(() => flash(first, "Copied")));
    second.addEventListener("click", () => { download(figure); flash(second, "Saved"); });
    tools.hidden = false;
  }

  // What a link leads to stands below the banner, however many lines that takes.
  const banner = document.querySelector(".banner");
  const root = document.documentElement;
  const makeRoom = () => { if (banner) root.style.setProperty("--banner", banner.offsetHeight + "px"); };
  makeRoom();
  addEventListener("resize", makeRoom);

  // A table that is wider than its place can be reached and scrolled with the keyboard.
  const boxes = document.querySelectorAll(".scroll");
  const measure = () => boxes.forEach(box => {
    const over = box.scrollWidth > box.clientWidth + 1;
    box.classList.toggle("overflows", over);
    if (over) box.tabIndex = 0; else box.removeAttribute("tabindex");
  });
  measure();
  addEventListener("resize", measure);
  document.fonts.ready.then(() => { makeRoom(); measure(); });

  // Escape puts a tooltip away that hides something, until its abbreviation is reached anew.
  for (const word of document.querySelectorAll("abbr")) {
    word.addEventListener("keydown", event => { if (event.key === "Escape") word.classList.add("quiet"); });
    word.addEventListener("blur", () => word.classList.remove("quiet"));
  }

  // Contents follow the reader.
  const links = new Map([...document.querySelectorAll("nav a[href^='#s-']")].map(link => [link.hash.slice(1), link]));
  const heads = [...links.keys()].map(id => document.getElementById(id));
  let current = null;
  // At the end of the page the headings in sight can't come to the top: the one that was asked for is meant.
  const atTheEnd = () => {
    const seen = heads.filter(head => head.getBoundingClientRect().top >= 0);
    return seen.find(head => head.id === decodeURIComponent(location.hash.slice(1))) || heads[heads.length - 1];
  };
  const follow = () => {
    const top = parseFloat(getComputedStyle(root).scrollPaddingTop) + 8;
    const bottom = innerHeight + scrollY >= root.scrollHeight - 2;
    const passed = heads.filter(head => head.getBoundingClientRect().top < top);
    const head = bottom ? atTheEnd() : passed[passed.length - 1] || heads[0];
    if (!head || head.id === current) return;
    if (current) links.get(current).removeAttribute("aria-current");
    current = head.id;
    links.get(current).setAttribute("aria-current", "true");
    const nav = document.querySelector("nav"), link = links.get(current);
    if (nav.scrollHeight > nav.clientHeight) nav.scrollTop = link.offsetTop - nav.clientHeight / 2;
  };
  addEventListener("scroll", follow, {passive: true});
  addEventListener("hashchange", follow);
  follow();

  if (matchMedia("(max-width:62rem)").matches)
    document.querySelectorAll("nav details").forEach(part => { part.open = false; });

  // On paper nothing is folded.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("main details:not([open])")];
    folded.forEach(part => { part.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach(part => { part.open = false; }));
})();
