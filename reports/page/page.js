"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Tables: a click on a heading sorts by it, a second click turns the order round; long ones get a filter.
  const text = (row, column) => {
    const cell = row.cells[column];
    const shown = cell.dataset.value ?? cell.textContent.trim();
    // Numbers as they are read: thousands separated, a real minus sign, a dash for a gap.
    const number = shown.replace(/,/g, "").replace("−", "-").replace(/^([<+]?)(-?[\d.]+)$/, "$2");
    return shown === "–" ? "" : number !== "" && !isNaN(number) ? number : shown;
  };
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    return isNaN(a) || isNaN(b) ? a.localeCompare(b, "en", { numeric: true }) : a - b;
  };
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0];
    const headings = [...table.tHead.rows[0].cells];
    if (body.rows.length > 1) headings.forEach((heading, column) => {
      if (heading.classList.contains("plain")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const up = heading.getAttribute("aria-sort") !== "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = [...body.rows].map((row) => [row, text(row, column)]);
        // Gaps stay at the end, whichever way the rest is sorted.
        rows.sort(([, a], [, b]) => (a === "" || b === "" ? compare(a, b) : up ? compare(a, b) : compare(b, a)));
        body.append(...rows.map(([row]) => row));
      });
    });
    if (body.rows.length > 12) {
      const filter = document.createElement("input");
      filter.type = "search";
      filter.className = "filter";
      filter.placeholder = "Filter rows";
      filter.setAttribute("aria-label", "Filter rows of " + table.caption.textContent);
      filter.addEventListener("input", () => {
        const words = filter.value.toLowerCase().split(/\s+/);
        for (const row of body.rows) {
          const content = row.textContent.toLowerCase();
          row.hidden = !words.every((word) => content.includes(word));
        }
      });
      table.closest(".scroll").before(filter);
    }
  }

  // Figures: a mark tells its numbers to whoever points at it or reaches it. Tab reaches a figure, arrows go through it.
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const tell = (mark) => {
    tip.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
    const box = mark.getBoundingClientRect();
    const left = Math.min(box.left + box.width / 2 - tip.offsetWidth / 2, document.documentElement.clientWidth - tip.offsetWidth - 8);
    const top = box.top > tip.offsetHeight + 12 ? box.top - tip.offsetHeight - 8 : box.bottom + 8;
    tip.style.left = Math.max(8, left) + scrollX + "px";
    tip.style.top = top + scrollY + "px";
  };
  const hush = () => (tip.hidden = true);
  addEventListener("keydown", (event) => event.key === "Escape" && hush());
  for (const figure of all("figure svg")) {
    const marks = all(".tip", figure);
    marks.forEach((mark, place) => {
      const title = mark.querySelector("title");
      mark.setAttribute("aria-label", title.textContent);
      mark.setAttribute("role", "img");
      mark.setAttribute("tabindex", place ? "-1" : "0");
      title.remove(); // or the browser would show it too
      mark.addEventListener("pointerenter", () => tell(mark));
      mark.addEventListener("pointerleave", hush);
      mark.addEventListener("focus", () => tell(mark));
      mark.addEventListener("blur", hush);
      mark.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const next = marks[(place + step + marks.length) % marks.length];
        mark.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      });
    });
  }

  // Downloads: a packed CSV is unpacked when asked for, since spreadsheets cannot.
  for (const link of all('a[download$=".csv.gz"]')) link.addEventListener("click", async (event) => {
    if (!window.DecompressionStream || !event.isTrusted) return;
    event.preventDefault();
    const packed = Uint8Array.from(atob(link.href.split(",")[1]), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const plain = document.createElement("a");
    plain.href = URL.createObjectURL(await new Response(stream).blob());
    plain.download = link.download.replace(/\.gz$/, "");
    plain.click();
    setTimeout(() => URL.revokeObjectURL(plain.href), 60_000);
  });

  // Data sets: the links above them become tabs, and a link into a hidden one opens it.
  const list = document.querySelector(".tabs");
  const panels = all(".dataset");
  const reach = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    return target && (target.closest(".dataset") || panels.find((panel) => panel === target));
  };
  for (const hint of all(".sorts")) hint.textContent = " A click on a heading sorts by it.";
  if (list) {
    const tabs = all("a", list);
    list.setAttribute("role", "tablist");
    const open = (index, focus) => {
      tabs.forEach((tab, i) => {
        tab.setAttribute("aria-selected", String(i === index));
        tab.tabIndex = i === index ? 0 : -1;
        panels[i].hidden = i !== index;
      });
      if (focus) tabs[index].focus();
    };
    tabs.forEach((tab, i) => {
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panels[i].id);
      panels[i].setAttribute("role", "tabpanel");
      tab.addEventListener("click", (event) => {
        event.preventDefault();
        open(i);
        history.replaceState(null, "", tab.hash);
      });
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) open((i + step + tabs.length) % tabs.length, true);
      });
    });
    const follow = () => {
      const panel = reach();
      if (panel && panel.hidden) {
        open(panels.indexOf(panel));
        document.getElementById(decodeURIComponent(location.hash.slice(1))).scrollIntoView();
      }
    };
    const first = reach();
    open(first ? panels.indexOf(first) : 0);
    addEventListener("hashchange", follow);
  }
})();
