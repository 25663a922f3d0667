import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CameraFailure, failureOf, obstacle } from "../../static/js/camera/failures.js";

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

test("an insecure address and an old browser are told apart before asking", () => {
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
