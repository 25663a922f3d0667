/**
 * Days and moments are in the reader's zone. The server learns it from a cookie; a page that was
 * made before is corrected here, or asked for anew where its days are another zone's.
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
 * Name the reader's zone to the server.
 * @param {Document} page
 * @param {string} [zone]
 * @returns {boolean} whether the page has to be asked for anew: its days are another zone's, and
 *   the server hears of the reader's only now
 */
export function keepZone(page, zone = ownZone()) {
  const { dataset } = page.documentElement;
  const pair = `faces_zone=${zone}`;
  const isKept = () => page.cookie.split("; ").includes(pair);
  if (!zone || isKept()) return false;
  const secure = page.location.protocol === "https:" ? "; Secure" : "";
  page.cookie = `${pair}; Path=${dataset.root}; Max-Age=31536000; SameSite=Lax${secure}`;
  return isKept() && page.querySelector("[data-days]") !== null;
}

function ownZone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
