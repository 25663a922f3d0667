import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CameraFailure, failureOf, obstacle, permissionPlace } from "../../static/js/camera/failures.js";

const CASES = [
  ["NotAllowedError", "denied", "denied"],
  ["NotAllowedError", undefined, "denied"],
  ["NotAllowedError", "prompt", "dismissed"],
  ["NotFoundError", "granted", "absent"],
  ["NotReadableError", "granted", "in_use"],
  ["AbortError", "granted", "in_use"],
  ["OverconstrainedError", "granted", "constraints"],
  ["SecurityError", undefined, "denied"],
  ["SomethingNewError", undefined, "unknown"],
];

for (const [name, permission, code] of CASES) {
  test(`${name} with permission ${permission} is ${code}`, () => {
    assert.equal(failureOf({ name }, permission), code);
  });
}

test("a failure that has a code keeps it", () => {
  assert.equal(failureOf(new CameraFailure("insecure"), "granted"), "insecure");
});

test("an insecure address and an old browser have different codes", () => {
  assert.equal(obstacle({ isSecureContext: false, navigator: {} }), "insecure");
  assert.equal(obstacle({ isSecureContext: true, navigator: {} }), "unsupported");
  assert.equal(obstacle({ isSecureContext: true, navigator: { mediaDevices: {} } }), null);
});

test("the page has a title and an explanation for every failure", () => {
  const page = readFileSync(new URL("../../templates/camera/words.html", import.meta.url), "utf8");
  const codes = [...CASES.map(([, , code]) => code), "insecure", "unsupported", "unplugged"];
  for (const code of codes) {
    assert.match(page, new RegExp(`"${code}":`));
    assert.match(page, new RegExp(`"${code}_title":`));
  }
});

const SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1";
const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
for (const [userAgent, maxTouchPoints, place] of [
  [`Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) ${SAFARI}`, 5, "ios_safari"],
  [`${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15`, 5, "ios_safari"],
  [`${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15`, 0, "mac_safari"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 CriOS/123.0 Mobile/15E148 Safari/604.1", 5, "ios"],
  ["Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/123.0 Mobile Safari/537.36", 5, "android"],
  [`${MAC} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0 Safari/537.36`, 0, "desktop"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:124.0) Gecko/20100101 Firefox/124.0", 0, "desktop"],
]) {
  test(`${userAgent.slice(0, 60)}… with ${maxTouchPoints} touches is ${place}`, () => {
    assert.equal(permissionPlace({ userAgent, maxTouchPoints }), place);
  });
}
