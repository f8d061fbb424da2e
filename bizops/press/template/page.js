(() => {
  const doc = document;
  const all = (selector, within = doc) => [...within.querySelectorAll(selector)];
  doc.documentElement.classList.add("js");

  // Theme: the system's choice until the button is pressed; the style sheet's second rule holds the dark colours.
  const button = doc.getElementById("theme"), dark = doc.styleSheets[0].cssRules[1].media;
  const isDark = () => matchMedia(dark.mediaText).matches;
  const label = () => { button.textContent = button.dataset.words.split("|")[isDark() ? 0 : 1]; };
  if (button) {
    label();
    button.onclick = () => { dark.mediaText = isDark() ? "not all" : "screen"; label(); };
  }

  // On a phone the status stands beside the name: at the end it would be out of sight, and fixed there cover a number.
  if (matchMedia("(max-width:40rem)").matches) all("thead .s:last-child").forEach(head => {
    [...head.closest("table").rows].forEach(row => {
      if (row.querySelector("[colspan]")) return;
      row.lastElementChild.classList.add("moved");
      row.cells[0].after(row.lastElementChild);
    });
  });

  // Sorting: one column at a time, missing values and the total row last.
  const value = cell => cell.dataset.v ?? (cell.textContent == doc.body.dataset.na ? "" : cell.textContent);
  const rowsOf = table => [...table.tBodies[0].rows].filter(row => !row.matches(".total") && !row.querySelector("[colspan]"));
  const isNumber = text => text !== "" && !isNaN(text);
  const compare = (a, b) => isNumber(a) && isNumber(b) ? a - b : a.localeCompare(b, undefined, { numeric: true });
  const sort = (table, head) => {
    const at = head.cellIndex, body = table.tBodies[0];
    const rows = rowsOf(table).map(row => [value(row.cells[at]), row]);
    const now = head.getAttribute("aria-sort");
    const down = now ? now == "ascending" : rows.some(([v]) => isNumber(v));
    all("[aria-sort]", table).forEach(th => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.sort(([a], [b]) => a === "" || b === "" ? (a === "") - (b === "") : (down ? -1 : 1) * compare(a, b));
    body.prepend(...rows.map(([, row]) => row));
  };
  all("table[data-sort]").forEach(table => {
    all("thead th", table).forEach(head => {
      const push = doc.createElement("button"), explained = head.querySelector(".def");
      push.append(...head.childNodes);
      push.onclick = () => sort(table, head);
      head.append(push, explained ?? "");
    });
    table.caption.append(Object.assign(doc.createElement("span"), { className: "hidden", textContent: " " + doc.body.dataset.sort }));
  });

  // Download: the file beside the page, made from the table: byte order mark, CRLF, no text that a spreadsheet runs.
  const guarded = cell => cell.dataset.v ?? value(cell).replace(/^(?=\s*[=+\-@＝＋－＠]|[\t\r\n])/, "'");
  const quoted = text => /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  all("a[data-csv]").forEach(link => {
    link.onclick = event => {
      event.preventDefault();
      const rows = rowsOf(doc.getElementById(link.dataset.csv));
      const lines = [JSON.parse(link.dataset.names), ...rows.map(row => [...row.cells].sort((a, b) => a.matches(".moved") - b.matches(".moved")).map(guarded))];
      const text = "\ufeff" + lines.map(line => line.map(quoted).join(",") + "\r\n").join("");
      const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
      Object.assign(doc.createElement("a"), { href: url, download: link.getAttribute("href").split("/").pop() }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    };
  });

  // A link into a closed drill-down opens it; paper gets everything.
  const reveal = () => {
    const target = location.hash.length > 1 && doc.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let node = target; node; node = node.parentElement) if (node.tagName == "DETAILS") node.open = true;
    // Setting what it reads as (-1 unless it has its own) lets any element take the focus.
    target.tabIndex = target.tabIndex;
    target.focus();
  };
  addEventListener("hashchange", reveal);
  // The place that one is at already gives no such event.
  addEventListener("click", event => { if (event.target.hash == location.hash) reveal(); });
  reveal();
  const toc = doc.querySelector(".contents details");
  const wide = matchMedia("(min-width:80rem)");
  const unfold = () => { if (toc) toc.open = wide.matches; };
  wide.addEventListener("change", unfold);
  unfold();
  let closed = [];
  addEventListener("beforeprint", () => { closed = all("details:not([open])"); closed.forEach(d => { d.open = true; }); });
  addEventListener("afterprint", () => closed.forEach(d => { d.open = false; }));
})();
