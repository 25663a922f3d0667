/**
 * Days and moments are in the reader's zone. The server learns it from a cookie; a page that was
 * made before is corrected here, or loaded again where its days are in another zone.
 */

/**
 * @param {string} instant ISO 8601 with its zone
 * @param {string} language
 * @param {string} [zone] an IANA name; the reader's own by default
 * @returns {string}
 */
export function inZone(instant, language, zone) {
  const format = { dateStyle: "medium", timeStyle: "short", timeZone: zone };
  // English days are written as in Britain, as on the server.
  const locale = language === "en" ? "en-GB" : language;
  return new Intl.DateTimeFormat(locale, format).format(new Date(instant));
}

/**
 * Show the moments of a page in the reader's zone, where the server did not do so.
 * @param {Document} page
 * @param {string} [zone]
 */
export function localise(page, zone = ownZone()) {
  const { dataset, lang } = page.documentElement;
  if (!zone || zone === dataset.zone) return;
  for (const time of page.querySelectorAll("time[data-moment]")) {
    time.textContent = inZone(time.dateTime, lang, zone);
  }
}

/**
 * Name the reader's zone to the server by a cookie.
 * @param {Document} page
 * @param {string} [zone]
 * @returns {boolean} whether the page must be loaded again: its days are in another zone than the
 *   one that the browser names from now on
 */
export function keepZone(page, zone = ownZone()) {
  const { dataset } = page.documentElement;
  if (!zone || zone === dataset.namedZone) return false;
  const secure = page.location.protocol === "https:" ? "; Secure" : "";
  const pair = `faces_zone=${zone}`;
  page.cookie = `${pair}; Path=${dataset.root}; Max-Age=31536000; SameSite=Lax${secure}`;
  const isKept = page.cookie.split("; ").includes(pair);
  return isKept && page.querySelector("[data-days]") !== null;
}

function ownZone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
