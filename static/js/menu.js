/** Scrolls the current entry into view where the menu is wider than the screen. */

/** @param {Document} page */
export function showPlace(page) {
  const here = page.querySelector(".site-nav [aria-current]");
  const menu = here?.closest(".site-nav");
  if (!menu) return;
  const free = menu.clientWidth - here.clientWidth;
  menu.scrollLeft = here.offsetLeft - free / 2;
}
