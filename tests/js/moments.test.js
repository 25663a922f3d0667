import assert from "node:assert/strict";
import { test } from "node:test";

import { inZone, keepZone, localise } from "../../static/js/moments.js";

const INSTANT = "2026-12-01T00:18:00+00:00";

function pageOf({ zone, namedZone = "", cookie = "", days = true, writable = true }) {
  const time = { dateTime: INSTANT, textContent: "as the server rendered it" };
  return {
    time,
    written: [],
    documentElement: { lang: "en", dataset: { zone, namedZone, root: "/faces/" } },
    location: { protocol: "https:" },
    get cookie() {
      return [cookie, ...(writable ? this.written : [])].map((one) => one.split(";")[0]).join("; ");
    },
    set cookie(text) {
      this.written.push(text);
    },
    querySelector: () => (days ? {} : null),
    querySelectorAll: () => [time],
  };
}

test("times have the server's format, in each language", () => {
  assert.equal(inZone(INSTANT, "en", "America/Los_Angeles"), "30 Nov 2026, 16:18");
  assert.equal(inZone(INSTANT, "de", "Europe/Berlin"), "01.12.2026, 01:18");
  assert.equal(inZone(INSTANT, "fr", "Asia/Kolkata"), "1 déc. 2026, 05:48");
});

test("a page in the reader's zone is left as it is", () => {
  const page = pageOf({ zone: "Europe/Berlin" });
  localise(page, "Europe/Berlin");
  assert.equal(page.time.textContent, "as the server rendered it");
});

test("a page in another zone is corrected", () => {
  const page = pageOf({ zone: "UTC" });
  localise(page, "America/Los_Angeles");
  assert.equal(page.time.textContent, "30 Nov 2026, 16:18");
});

test("the zone is stored once, for the app's own path, and the page is reloaded", () => {
  const page = pageOf({ zone: "UTC" });
  assert.equal(keepZone(page, "Europe/Berlin"), true);
  assert.deepEqual(page.written, [
    "faces_zone=Europe/Berlin; Path=/faces/; Max-Age=31536000; SameSite=Lax; Secure",
  ]);
});

test("a page is reloaded when another tab has stored the zone meanwhile", () => {
  const page = pageOf({ zone: "UTC", cookie: "faces_zone=Europe/Berlin" });
  assert.equal(keepZone(page, "Europe/Berlin"), true);
});

test("a page in the stored zone is not reloaded", () => {
  const page = pageOf({ zone: "Europe/Berlin", namedZone: "Europe/Berlin" });
  assert.equal(keepZone(page, "Europe/Berlin"), false);
  assert.deepEqual(page.written, []);
});

test("a page without days is not reloaded", () => {
  assert.equal(keepZone(pageOf({ zone: "UTC", days: false }), "Europe/Berlin"), false);
});

test("blocked cookies and an unknown zone cause no reload loop", () => {
  assert.equal(keepZone(pageOf({ zone: "UTC", writable: false }), "Europe/Berlin"), false);
  assert.equal(keepZone(pageOf({ zone: "UTC", namedZone: "Etc/New" }), "Etc/New"), false);
});
