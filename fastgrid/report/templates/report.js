"use strict";
(() => {
  const table = document.getElementById("ranking-table");
  const rows = Array.from(table.tBodies[0].rows);
  const headings = Array.from(table.tHead.rows[0].cells);

  // Numbers stand behind "2^" and "<"; what is no number comes last, whichever way the table is sorted.
  const numberIn = (cell) => parseFloat(cell.textContent.replace(/^(2\^|<)/, ""));
  const compareNumbers = (a, b, sign) => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return sign * (a - b);
  };

  function sortBy(heading) {
    const column = heading.cellIndex;
    const now = heading.getAttribute("aria-sort");
    const descending = now ? now === "ascending" : "largestFirst" in heading.dataset;
    const sign = descending ? -1 : 1;
    const isNumber = heading.dataset.kind === "number";
    const keyed = rows.map((row) => {
      const cell = row.cells[column];
      return [isNumber ? numberIn(cell) : cell.textContent, row];
    });
    keyed.sort(([a], [b]) => isNumber ? compareNumbers(a, b, sign) : sign * a.localeCompare(b));
    table.tBodies[0].append(...keyed.map(([, row]) => row));
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  }

  headings.forEach((heading) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sortBy(heading));
    heading.append(button);
  });

  const filter = document.querySelector(".filter");
  const text = document.getElementById("filter-text");
  const equal = document.getElementById("filter-equal");
  const repeats = document.getElementById("filter-repeats");
  const count = document.getElementById("filter-count");
  const contents = rows.map((row) => Array.from(row.cells, (cell) => cell.textContent).join(" ").toLowerCase());

  function applyFilter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, index) => {
      const fits = words.every((word) => contents[index].includes(word))
        && !(equal && equal.checked && !row.classList.contains("equal"))
        && !(repeats && repeats.checked && row.classList.contains("repeat"));
      row.hidden = !fits;
      shown += fits;
    });
    count.textContent = `${shown} of ${rows.length} shown`;
  }

  filter.addEventListener("input", applyFilter);
  filter.hidden = false;
  applyFilter();

  // A touch screen has no hovering: the text of the cell that was pointed at stands above its maps.
  document.querySelectorAll(".maps").forEach((maps) => {
    const said = maps.previousElementSibling.querySelector(".pointed");
    const say = (event) => {
      const cell = event.target.closest("g");
      if (cell) said.textContent = cell.querySelector("title").textContent;
    };
    maps.addEventListener("pointerover", say);
    maps.addEventListener("click", say);
  });

  // Older browsers do not open the list that a link leads to.
  function openTarget() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let box = target && target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (target) target.scrollIntoView();
  }
  window.addEventListener("hashchange", openTarget);

  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("details:not([open])")).filter((box) => !box.closest(".not-printed"));
    opened.forEach((box) => { box.open = true; });
  });
  window.addEventListener("afterprint", () => opened.forEach((box) => { box.open = false; }));
})();
