// When its server is gone, Streamlit puts a window over the page and makes all below it inert.
// The annotator does not need the server to go on: the rules of the page hide that window, and
// here the page is made to work again.
export function workOn(desk) {
  const page = document.getElementById("root");
  if (!page) return;
  const revive = () => {
    if (!page.inert || !desk.root.isConnected || !isLost()) return;
    page.inert = false;
    if (!desk.left) desk.focus();
  };
  new MutationObserver(revive).observe(page, { attributeFilter: ["inert"] });
}

function isLost() {
  const app = document.querySelector("[data-test-connection-state]");
  return app !== null && app.dataset.testConnectionState !== "CONNECTED";
}
