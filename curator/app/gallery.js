// A grid of pictures: arrow keys move, Enter or a click picks. Names are only ever text.
const galleries = new WeakMap();

function tile({ id, src, shape, name, note }) {
  const item = document.createElement("li");
  item.style.setProperty("--shape", shape);
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.id = id;
  button.title = name;
  button.tabIndex = -1;
  const picture = document.createElement("img");
  picture.loading = "lazy";
  picture.decoding = "async";
  picture.alt = "";
  picture.onerror = () => {
    picture.alt = "cannot be shown";
    button.classList.add("broken");
  };
  picture.src = src;
  button.append(picture, line("name", name), line("note", note));
  item.append(button);
  return item;
}

function line(kind, text) {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

// The button of the row above or below whose middle is nearest.
function vertical(buttons, from, direction) {
  const middle = (button) => button.offsetLeft + button.offsetWidth / 2;
  const rows = buttons.filter((b) => direction * (b.offsetTop - from.offsetTop) > 0);
  if (rows.length === 0) return from;
  const tops = rows.map((b) => b.offsetTop);
  const top = direction > 0 ? Math.min(...tops) : Math.max(...tops);
  const row = rows.filter((b) => b.offsetTop === top);
  return row.reduce((best, b) =>
    Math.abs(middle(b) - middle(from)) < Math.abs(middle(best) - middle(from)) ? b : best,
  );
}

function target(key, buttons, from) {
  const at = buttons.indexOf(from);
  switch (key) {
    case "ArrowLeft":
      return buttons[Math.max(at - 1, 0)];
    case "ArrowRight":
      return buttons[Math.min(at + 1, buttons.length - 1)];
    case "ArrowUp":
      return vertical(buttons, from, -1);
    case "ArrowDown":
      return vertical(buttons, from, 1);
    case "Home":
      return buttons[0];
    case "End":
      return buttons[buttons.length - 1];
    default:
      return null;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector("ul");
  list.style.setProperty("--height", data.height);
  list.style.flexWrap = data.one_row ? "nowrap" : "wrap";
  const drawn = JSON.stringify(data.items);
  if (galleries.get(parentElement) !== drawn) {
    galleries.set(parentElement, drawn);
    list.replaceChildren(...data.items.map(tile));
    const buttons = [...list.querySelectorAll("button")];
    const last = buttons.find((button) => Number(button.dataset.id) === data.focus);
    // One stop for the Tab key; the arrows do the rest.
    if (buttons.length > 0) (last ?? buttons[0]).tabIndex = 0;
    if (last) last.focus();
  }
  list.onclick = (event) => {
    const button = event.target.closest("button");
    if (button) setTriggerValue("picked", Number(button.dataset.id));
  };
  list.onkeydown = (event) => {
    const from = event.target.closest("button");
    const buttons = [...list.querySelectorAll("button")];
    const next = from && target(event.key, buttons, from);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    from.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
}
