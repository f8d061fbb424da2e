(() => {
  // Search: every word typed must occur, accents and case aside; the best matches are those in the title.
  const box = document.getElementById("search"), list = document.getElementById("hits");
  if (!box) return;
  const state = document.getElementById("found"), most = 30;
  const plain = text => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const items = JSON.parse(document.getElementById("site-data").textContent).map(item => ({
    ...item, title: plain(item.t), all: plain([item.t, item.k, item.p || "", item.w].join(" ")),
  }));
  const row = item => {
    const li = document.createElement("li"), link = document.createElement("a"), note = document.createElement("span");
    link.href = item.h;
    link.textContent = item.t;
    note.className = "note";
    note.textContent = " " + [item.k, item.p].filter(Boolean).join(" · ");
    li.append(link, note);
    return li;
  };
  const look = () => {
    const words = plain(box.value).split(/\s+/).filter(Boolean);
    const score = item => words.filter(word => item.title.includes(word)).length;
    const hits = words.length ? items.filter(item => words.every(word => item.all.includes(word))) : [];
    hits.sort((a, b) => score(b) - score(a));
    list.replaceChildren(...hits.slice(0, most).map(row));
    state.textContent = words.length ? box.dataset.found.replace("{n}", hits.length) : "";
  };
  box.addEventListener("input", look);
  look();
})();
