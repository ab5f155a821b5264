// A window over the page, which Escape closes and which keeps the keyboard to itself.
import { h } from "./elements.js";

export function open(desk, title, content, { onclose = () => {}, wide = false } = {}) {
  // At once, not with the event that comes later: the next key is not for the button behind.
  const gone = () => {
    if (!dialog.isConnected) return;
    dialog.remove();
    onclose();
    desk.focus();
  };
  const close = () => {
    dialog.close();
    gone();
  };
  const dialog = h(
    "dialog",
    { class: wide ? "wide" : "", "aria-label": title },
    h(
      "div",
      { class: "title-row" },
      h("h2", {}, title),
      h("button", { type: "button", class: "icon", "aria-label": "close", onclick: close }, "✕"),
    ),
    ...content,
  );
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  dialog.addEventListener("close", gone);
  desk.dialogs.append(dialog);
  dialog.showModal();
  return dialog;
}
